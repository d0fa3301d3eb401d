import { Alert, Button, Checkbox, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "../../api/client";
import { keyScopesQuery, keysQuery, queryClient } from "../../api/queries";
import type { NewApiKey, NewApiToken } from "../../api/types";
import { useMe } from "../../session/session";
import { CopyLine } from "../../ui/CopyLine";
import { Refusal } from "../../ui/Refusal";

const DAYS = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
];
const LIFETIMES = [...DAYS, { value: "", label: "no end" }];
const FORMS = [
  { value: "key", label: "API key" },
  { value: "token", label: "API token" },
];
const LEAST = ["read"];

/** What was made: its id or token id, and its secret, which the server does not keep. */
interface Made {
  id: number | string;
  secret: string;
}

async function createKey(name: string, days: string, scopes: string[]): Promise<Made> {
  const json = { name, scopes, ...(days ? { expires_in_days: Number(days) } : {}) };
  const { id, key } = await api<NewApiKey>("users/me/keys", { method: "POST", json });
  return { id, secret: key };
}

async function createToken(name: string, days: string): Promise<Made> {
  const json = { name, expires_in_days: Number(days) };
  const { token, token_id: id } = await api<NewApiToken>("tokens", { method: "POST", json });
  return { id, secret: token };
}

/** Makes a key or, for administrators, a token, and shows it once; not any more if it is in `revoked`. */
export function KeyForm({ revoked }: { revoked: ReadonlySet<number | string> }) {
  const { is_admin: isAdmin } = useMe();
  const [form, setForm] = useState("key");
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [scopes, setScopes] = useState(LEAST);
  const { data: offered } = useQuery(keyScopesQuery);
  const isToken = isAdmin && form === "token";
  const isReady = name.trim() !== "" && (isToken || scopes.length > 0);
  const create = useMutation({
    mutationFn: () => (isToken ? createToken(name.trim(), days || "30") : createKey(name.trim(), days, scopes)),
    onSuccess: () => {
      setName("");
      setScopes(LEAST);
      void queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady) create.mutate();
  };
  return (
    <>
      {isAdmin && <SegmentedControl aria-label="What to create" data={FORMS} value={form} onChange={setForm} mb={12} />}
      <form onSubmit={onSubmit} style={{ display: "flex", gap: 10, flexWrap: "wrap", alignItems: "flex-end" }}>
        <TextInput
          label="Name"
          placeholder="build machine"
          value={name}
          maxLength={120}
          style={{ flex: "1 1 200px" }}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          label="Works for"
          data={isToken ? DAYS : LIFETIMES}
          value={isToken ? days || "30" : days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Button type="submit" loading={create.isPending} disabled={!isReady}>
          {isToken ? "Create token" : "Create key"}
        </Button>
        {isToken ? (
          <p style={{ margin: 0, flexBasis: "100%" }}>
            For another web front end, or a program that manages desktops. Whoever has the token may do whatever you may.
          </p>
        ) : (
          <Checkbox.Group label="Scopes" value={scopes} onChange={setScopes} style={{ flexBasis: "100%" }}>
            <div style={{ display: "grid", gap: 8, marginTop: 6 }}>
              {offered?.map((scope) => (
                <Checkbox key={scope.name} value={scope.name} label={scope.name} description={scope.text} />
              ))}
            </div>
          </Checkbox.Group>
        )}
      </form>
      <div style={{ display: "grid", gap: 16, marginTop: 16 }}>
        <Refusal error={create.error} />
        {create.data && !revoked.has(create.data.id) && (
          <Alert role="status" color="crib" icon={<IconKey size={18} />} title="Copy it now: it is not shown again">
            <CopyLine>{create.data.secret}</CopyLine>
          </Alert>
        )}
      </div>
    </>
  );
}
