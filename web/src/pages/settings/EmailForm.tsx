import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "../../api/client";
import { mailQuery, meQuery, queryClient } from "../../api/queries";
import { useMe } from "../../session/session";
import { Refusal } from "../../ui/Refusal";
import classes from "./Settings.module.css";

export function EmailForm() {
  const me = useMe();
  const { data: mail } = useQuery(mailQuery);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const send = useMutation({
    mutationFn: () =>
      api<{ msg: string }>("users/me/email", {
        method: "PUT",
        json: { new_email: email.trim(), current_password: password },
        checksPassword: true,
      }),
    onSuccess: () => {
      setEmail("");
      setPassword("");
      void queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (email.trim() && password) send.mutate();
  };
  return (
    <>
      <h2 className={classes.heading}>Change your e-mail address</h2>
      <p className={classes.lead}>
        Now: <strong>{me.email || "none"}</strong>.{" "}
        {mail?.mail_enabled
          ? "A link goes to the new address; it counts once you have followed it."
          : "This server sends no mail, so the change takes effect at once."}
      </p>
      <form className={classes.form} onSubmit={onSubmit} noValidate>
        <TextInput
          label="New address"
          type="email"
          autoComplete="email"
          value={email}
          maxLength={254}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          value={password}
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Refusal error={send.error} />
        {send.data && (
          <Alert role="status" icon={<IconCheck size={18} />} color="crib">
            {send.data.msg}
          </Alert>
        )}
        <div>
          <Button type="submit" loading={send.isPending} disabled={!email.trim() || !password}>
            Change address
          </Button>
        </div>
      </form>
    </>
  );
}
