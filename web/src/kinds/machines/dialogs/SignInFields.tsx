import { PasswordInput, SegmentedControl } from "@mantine/core";
import { useId, useState } from "react";
import type { ReservationWish } from "../../../api/types";
import { keysIn, keysProblem, rememberedKeys, rememberKeys } from "../ssh";
import classes from "./Dialogs.module.css";
import { KeysField } from "./KeysField";

type Way = "key" | "certificate" | "password" | "generated";
const WAYS: { value: Way; label: string }[] = [
  { value: "key", label: "SSH key" },
  { value: "certificate", label: "Certificate" },
  { value: "generated", label: "New password" },
  { value: "password", label: "Own password" },
];
const WAY_KEY = "toolcrib-machines-sign-in";

export interface SignIn {
  way: Way;
  keys: string;
  password: string;
}

/** How the person signed in last; keys as this browser remembers them. */
export function useSignIn(me: string): [SignIn, (changes: Partial<SignIn>) => void] {
  const [signIn, setSignIn] = useState<SignIn>(() => {
    const way = WAYS.find(({ value }) => value === localStorage.getItem(WAY_KEY))?.value ?? "key";
    return { way, keys: rememberedKeys(me), password: "" };
  });
  return [signIn, (changes) => setSignIn((now) => ({ ...now, ...changes }))];
}

/** Why one could not sign in like that; null where one could. */
export function signInProblem({ way, keys, password }: SignIn): string | null {
  if (way === "generated" || way === "certificate") return null;
  if (way === "password") return password ? null : "Set a password for the machines.";
  return keysIn(keys).length === 0 ? "Paste your public key." : keysProblem(keys);
}

/** What the server is told of it. Keys are remembered, passwords are not. */
export function signInWish(me: string, { way, keys, password }: SignIn): ReservationWish {
  localStorage.setItem(WAY_KEY, way);
  if (way === "key") rememberKeys(me, keys);
  if (way === "certificate") return { certificate: true };
  return way === "generated" ? { generate_password: true } : way === "password" ? { password } : { public_keys: keysIn(keys) };
}

interface Props {
  value: SignIn;
  onChange: (changes: Partial<SignIn>) => void;
}

export function SignInFields({ value, onChange }: Props) {
  const id = useId();
  return (
    <div role="group" aria-labelledby={id} className={classes.field}>
      <span id={id} className={classes.label}>
        Sign in on them with
      </span>
      <SegmentedControl
        size="xs"
        value={value.way}
        aria-labelledby={id}
        data={WAYS}
        onChange={(way) => onChange({ way: way as Way })}
      />
      {value.way === "key" && <KeysField label="Public keys" value={value.keys} onChange={(keys) => onChange({ keys })} />}
      {value.way === "certificate" && (
        <p className={classes.quiet}>No key stays on the machines. Have yours signed while you have them: it opens them for some hours at a time.</p>
      )}
      {value.way === "generated" && <p className={classes.quiet}>The server makes one up. You see it once, right afterwards.</p>}
      {value.way === "password" && (
        <PasswordInput
          label="Password"
          description="Only for these machines. Not the one you sign in here with."
          autoComplete="new-password"
          value={value.password}
          maxLength={128}
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          onChange={(event) => onChange({ password: event.currentTarget.value })}
        />
      )}
    </div>
  );
}
