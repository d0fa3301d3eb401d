import { Button, Group, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { Reservation } from "../../../api/types";
import { hide } from "../../../overlays/overlays";
import { useMe } from "../../../session/session";
import { CopyLine } from "../../../ui/CopyLine";
import { Dialog } from "../../../ui/Dialog";
import { Refusal } from "../../../ui/Refusal";
import { At } from "../../../ui/Time";
import { sign } from "../requests";
import { keysIn, keysProblem, rememberedKeys, rememberKeys } from "../ssh";
import classes from "./Dialogs.module.css";
import { KeysField } from "./KeysField";

/** Have one's public key signed: what comes back signs in for a while. */
export function CertificateDialog({ reservation }: { reservation: Reservation }) {
  const me = useMe().username;
  const [key, setKey] = useState(() => keysIn(rememberedKeys(me))[0] ?? "");
  const asked = useMutation({
    mutationFn: () => sign(reservation.id, key.trim()),
    onSuccess: () => rememberKeys(me, key),
  });
  const keys = keysIn(key);
  const problem = keys.length === 0 ? "Paste your public key." : keys.length > 1 ? "One key at a time." : keysProblem(key);
  const onForm = (event: FormEvent): void => {
    event.preventDefault();
    if (!problem && !asked.isPending) asked.mutate();
  };
  return (
    <Dialog onClose={hide} title="Have your key signed" size="lg">
      <form onSubmit={onForm} noValidate>
        <Stack gap="md">
          <p style={{ margin: 0 }}>
            With the certificate, your key opens <strong className="mono">{reservation.login}</strong> on the machines of this reservation,
            until it says so. <code className="mono">toolcrib ssh</code> asks for one by itself.
          </p>
          <KeysField
            label="Your public key"
            description="One line, as in the file id_ed25519.pub."
            value={key}
            autofocus
            onChange={(text) => {
              setKey(text);
              asked.reset();
            }}
          />
          <Refusal error={asked.error} />
          {asked.data && (
            <div className={classes.field} role="status">
              <span>
                It signs in until <At at={asked.data.valid_until} />. Save it beside the key, for <code className="mono">id_ed25519</code> as{" "}
                <code className="mono">id_ed25519-cert.pub</code>: there ssh finds it.
              </span>
              <CopyLine>{asked.data.certificate}</CopyLine>
            </div>
          )}
          <Group justify="flex-end" gap="xs">
            {problem && <span style={{ flex: 1, fontSize: 13, color: "var(--mantine-color-dimmed)" }}>{problem}</span>}
            <Button variant="default" onClick={hide}>
              Close
            </Button>
            {!asked.data && (
              <Button type="submit" data-answer loading={asked.isPending} aria-disabled={problem ? true : undefined} data-disabled={problem ? true : undefined}>
                Sign it
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
