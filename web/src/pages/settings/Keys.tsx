import { Alert, Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "../../api/client";
import { keyScopesQuery, keysQuery, queryClient } from "../../api/queries";
import type { ApiKey, NewApiKey } from "../../api/types";
import { FormDialog } from "../../overlays/FormDialog";
import { CopyLine } from "../../ui/CopyLine";
import { Empty } from "../../ui/Empty";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { Ago, Until } from "../../ui/Time";
import { RowsTable } from "./RowsTable";
import classes from "./Settings.module.css";

const LIFETIMES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "", label: "no end" },
];

const LEAST = ["read"];

/** Keys for scripts and editors. A key is shown once: the server keeps only its hash. */
export function Keys() {
  const { data: keys, error, isPending } = useQuery(keysQuery);
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const { data: offered } = useQuery(keyScopesQuery);
  const [scopes, setScopes] = useState(LEAST);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const create = useMutation({
    mutationFn: () =>
      api<NewApiKey>("users/me/keys", {
        method: "POST",
        json: { name: name.trim(), scopes, ...(days ? { expires_in_days: Number(days) } : {}) },
      }),
    onSuccess: () => {
      setName("");
      setScopes(LEAST);
      void queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() && scopes.length > 0) create.mutate();
  };
  return (
    <>
      <h2 className={classes.heading}>API keys</h2>
      <p className={classes.lead}>
        For scripts, build machines and editors. Give each program a key of its own, with no more scopes than it needs, so that
        one can be revoked alone.
      </p>
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
          data={LIFETIMES}
          value={days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Button type="submit" loading={create.isPending} disabled={!name.trim() || scopes.length === 0}>
          Create key
        </Button>
        <Checkbox.Group label="Scopes" value={scopes} onChange={setScopes} style={{ flexBasis: "100%" }}>
          <div style={{ display: "grid", gap: 8, marginTop: 6 }}>
            {offered?.map((scope) => (
              <Checkbox key={scope.name} value={scope.name} label={scope.name} description={scope.text} />
            ))}
          </div>
        </Checkbox.Group>
      </form>
      <div style={{ display: "grid", gap: 16, marginTop: 16 }}>
        <Refusal error={create.error ?? error} />
        {create.data && (
          <Alert role="status" color="crib" icon={<IconKey size={18} />} title="Copy it now: it is not shown again">
            <CopyLine>{create.data.key}</CopyLine>
          </Alert>
        )}
        {isPending && <ListSkeleton />}
        {keys?.length === 0 && !create.data && (
          <Empty Icon={IconKey} title="You have no keys">
            Name one above. The program then sends it as <code className="mono">X-API-Key</code>, as a bearer token, or as
            the password in git.
          </Empty>
        )}
        {keys && keys.length > 0 && (
          <RowsTable
            columns={[
              { name: "Name" },
              { name: "Begins with" },
              { name: "Scopes", optional: true },
              { name: "Created", optional: true },
              { name: "Last used", optional: true },
              { name: "Ends", optional: true },
            ]}
          >
            {keys.map((key) => (
              <tr key={key.id}>
                <td>{key.name}</td>
                <td className="mono">{key.prefix}…</td>
                <td className={classes.optional}>{key.scopes?.join(", ") ?? "all"}</td>
                <td className={classes.optional}>
                  <Ago at={key.created_at} />
                </td>
                <td className={classes.optional}>{key.last_used_at ? <Ago at={key.last_used_at} /> : "never"}</td>
                <td className={classes.optional}><Until at={key.expires_at} /></td>
                <td>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Revoke ${key.name}`}
                    onClick={() => setRevoking(key)}
                  >
                    Revoke
                  </Button>
                </td>
              </tr>
            ))}
          </RowsTable>
        )}
      </div>
      {revoking && (
        <FormDialog
          title={`Revoke ${revoking.name}?`}
          submit="Revoke"
          danger
          onClose={() => setRevoking(null)}
          onSubmit={async () => {
            await api(`users/me/keys/${revoking.id}`, { method: "DELETE" });
            if (create.data?.id === revoking.id) create.reset();
            await queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
            return `Revoked ${revoking.name}`;
          }}
        >
          <p style={{ margin: 0 }}>Whatever uses it is refused from now on. This cannot be undone.</p>
        </FormDialog>
      )}
    </>
  );
}
