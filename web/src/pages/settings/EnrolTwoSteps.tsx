import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "../../api/client";
import { useMe } from "../../session/session";
import { CopyLine } from "../../ui/CopyLine";
import { QrCode } from "../../ui/QrCode";
import { Refusal } from "../../ui/Refusal";
import { RecoveryCodes } from "./RecoveryCodes";
import classes from "./Settings.module.css";

interface Begun {
  secret: string;
  uri: string;
}

/** Password, then the QR code for the app and a first code of it, then the recovery codes. */
export function EnrolTwoSteps({ onDone }: { onDone: () => void }) {
  const me = useMe();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const begin = useMutation({
    mutationFn: () =>
      api<Begun>("users/me/otp", { method: "POST", json: { current_password: password }, checksPassword: true }),
    onSettled: () => setPassword(""),
  });
  const confirm = useMutation({
    mutationFn: () =>
      api<{ recovery_codes: string[] }>("users/me/otp", {
        method: "PUT",
        json: { otp: code.trim() },
        checksPassword: true,
      }),
    onError: () => setCode(""),
  });
  const submits = (send: () => void) => (event: FormEvent) => {
    event.preventDefault();
    send();
  };

  if (confirm.data) return <RecoveryCodes codes={confirm.data.recovery_codes} onDone={onDone} />;
  if (begin.data) {
    return (
      <form className={classes.form} onSubmit={submits(() => code.trim() && !confirm.isPending && confirm.mutate())}>
        <p className={classes.step}>Scan this with an authenticator app on your phone, or type the key into it.</p>
        <div className={classes.qr}>
          <QrCode text={begin.data.uri} label="QR code for the authenticator app" />
        </div>
        <CopyLine>{begin.data.secret}</CopyLine>
        <TextInput
          label="Code"
          description="The six digits that the app shows now."
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={64}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Refusal error={confirm.error} />
        <div>
          <Button type="submit" loading={confirm.isPending} disabled={!code.trim()}>
            Turn on
          </Button>
        </div>
      </form>
    );
  }
  return (
    <form className={classes.form} onSubmit={submits(() => password && !begin.isPending && begin.mutate())}>
      <input type="text" name="username" autoComplete="username" value={me.username} readOnly hidden />
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        value={password}
        visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} className={classes.note}>
        Programs that sign in with your password (git, mounted folders) then need an API key instead.
      </Alert>
      <Refusal error={begin.error} />
      <div>
        <Button type="submit" loading={begin.isPending} disabled={!password}>
          Set up
        </Button>
      </div>
    </form>
  );
}
