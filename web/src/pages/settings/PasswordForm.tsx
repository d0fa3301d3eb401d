import { Alert, Button, Checkbox, PasswordInput } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "../../api/client";
import { keysQuery, mailQuery, queryClient } from "../../api/queries";
import { useMe } from "../../session/session";
import { Refusal } from "../../ui/Refusal";
import classes from "./Settings.module.css";

const TOGGLE = { "aria-label": "Show the password" };

export function PasswordForm() {
  const me = useMe();
  const { data: mail } = useQuery(mailQuery);
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [endKeys, setEndKeys] = useState(false);
  const send = useMutation({
    mutationFn: () =>
      api<{ msg: string; pending?: boolean }>("users/me/password", {
        method: "PUT",
        json: { current_password: current, new_password: next, end_api_keys: endKeys },
        checksPassword: true,
      }),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      setAgain("");
      setEndKeys(false);
      void queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
    },
  });
  const differs = again !== "" && next !== again;
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (current && next && next === again) send.mutate();
  };
  return (
    <>
      <h2 className={classes.heading}>Change your password</h2>
      <p className={classes.lead}>
        {mail?.mail_enabled
          ? `A link goes to ${me.email || "your address"}; the new password counts once you have followed it.`
          : "It takes effect at once. Sessions elsewhere end."}
      </p>
      <form className={classes.form} onSubmit={onSubmit}>
        <input type="text" name="username" autoComplete="username" value={me.username} readOnly hidden />
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          value={current}
          visibilityToggleButtonProps={TOGGLE}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          autoComplete="new-password"
          value={next}
          visibilityToggleButtonProps={TOGGLE}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password, again"
          autoComplete="new-password"
          value={again}
          visibilityToggleButtonProps={TOGGLE}
          error={differs ? "The two differ." : undefined}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        <Checkbox
          label="End my API keys too"
          description="Do so if somebody else may have seen the password. Programs with a key then need a new one."
          checked={endKeys}
          onChange={(event) => setEndKeys(event.currentTarget.checked)}
        />
        <Refusal error={send.error} />
        {send.data && (
          <Alert role="status" icon={<IconCheck size={18} />} color="crib">
            {send.data.msg}
          </Alert>
        )}
        <div>
          <Button type="submit" loading={send.isPending} disabled={!current || !next || next !== again}>
            Change password
          </Button>
        </div>
      </form>
    </>
  );
}
