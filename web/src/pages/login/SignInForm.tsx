import { Button, Divider, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { providersQuery } from "../../api/queries";
import { Problem } from "../../api/problem";
import type { Me } from "../../api/types";
import { signIn } from "../../session/session";
import { Refusal } from "../../ui/Refusal";

interface Props {
  /** Whose page this is, when a session has run out. */
  username?: string;
  onDone: (user: Me) => void;
  /** In a dialog, single sign-on opens beside the page, so that nothing on it is lost. */
  beside?: boolean;
  next?: string;
}

export function SignInForm({ username: known, onDone, beside = false, next = "" }: Props) {
  const { data: providers } = useQuery(providersQuery);
  const [username, setUsername] = useState(known ?? "");
  const [password, setPassword] = useState("");
  const [asksCode, setAsksCode] = useState(false);
  const [code, setCode] = useState("");
  const send = useMutation({
    mutationFn: () => signIn(username.trim(), password, code.trim()),
    onSuccess: onDone,
    onError: (error) => {
      const problem = error instanceof Problem ? error.code : "";
      setCode("");
      if (problem === "otp_required") setAsksCode(true);
      else if (problem !== "invalid_otp" && problem !== "rate_limited") startAgain();
    },
  });
  const startAgain = (): void => {
    setAsksCode(false);
    setPassword("");
    setCode("");
  };
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (username.trim() && password && (!asksCode || code.trim()) && !send.isPending) send.mutate();
  };
  const needsOnlyCode = send.error instanceof Problem && send.error.code === "otp_required";
  return (
    <Stack gap="md">
      {providers?.password !== false && (
        <form onSubmit={onSubmit}>
          <Stack gap="md">
            <TextInput
              label="Username"
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              readOnly={known !== undefined || asksCode}
              autoFocus={known === undefined}
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            {asksCode ? (
              <TextInput
                key="code"
                label="Code"
                description="The six digits that your app shows, or a recovery code."
                name="otp"
                inputMode="text"
                autoComplete="one-time-code"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={64}
                autoFocus
                value={code}
                onChange={(event) => setCode(event.currentTarget.value)}
              />
            ) : (
              <PasswordInput
                label="Password"
                name="password"
                autoComplete="current-password"
                data-autofocus={known !== undefined || undefined}
                value={password}
                visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
            )}
            {!needsOnlyCode && <Refusal error={send.error} />}
            <Button type="submit" size="md" fullWidth loading={send.isPending}>
              Sign in
            </Button>
            {asksCode && (
              <Button variant="subtle" size="compact-sm" onClick={startAgain}>
                Start again
              </Button>
            )}
          </Stack>
        </form>
      )}
      {(providers?.oidc.length ?? 0) > 0 && (
        <>
          {providers?.password !== false && <Divider label="or" />}
          {providers!.oidc.map((provider) => (
            <Button
              key={provider.name}
              component="a"
              variant="default"
              size="md"
              fullWidth
              href={withNext(provider.login_url, next)}
              target={beside ? "_blank" : undefined}
              rel={beside ? "opener" : undefined}
            >
              {provider.label}
            </Button>
          ))}
        </>
      )}
    </Stack>
  );
}

function withNext(url: string, next: string): string {
  if (!next) return url;
  return `${url}${url.includes("?") ? "&" : "?"}next=${encodeURIComponent(next)}`;
}
