import { PasswordInput } from "@mantine/core";
import { useState } from "react";
import type { Reservation } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { setAccess } from "../requests";
import { keysIn, keysProblem, rememberedKeys, rememberKeys } from "../ssh";
import { KeysField } from "./KeysField";

export function AccessDialog({ reservation }: { reservation: Reservation }) {
  const { certificate, holder, id, login } = reservation;
  const [keys, setKeys] = useState(rememberedKeys(holder));
  const [password, setPassword] = useState("");
  const none = keysIn(keys).length === 0 && !password && !certificate;
  return (
    <FormDialog
      title="How you sign in"
      submit="Save"
      blocked={none ? "Give a key or a password." : keys.trim() ? keysProblem(keys) : null}
      onSubmit={async () => {
        await setAccess(id, keysIn(keys), password || null);
        if (keysIn(keys).length) rememberKeys(holder, keys);
        return "The machines are told";
      }}
    >
      <p style={{ margin: 0 }}>
        For <strong className="mono">{login}</strong> on all machines of this reservation. What you leave out here is taken
        away; keys of colleagues stay.
      </p>
      <KeysField label="Public keys" value={keys} autofocus onChange={setKeys} />
      <PasswordInput
        label="Password"
        description="Leave it empty to sign in by key alone."
        autoComplete="new-password"
        value={password}
        maxLength={128}
        visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
