import { Button, Divider, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { providersQuery } from "../../api/queries";
import type { User } from "../../api/types";
import { signIn } from "../../session/session";
import { Refusal } from "../../ui/Refusal";

interface Props {
  /** Whose page this is, when a session has run out. */
  username?: string;
  onDone: (user: User) => void;
  /** In a dialog, single sign-on opens beside the page, so that nothing on it is lost. */
  beside?: boolean;
  next?: string;
}

export function SignInForm({ username: known, onDone, beside = false, next = "" }: Props) {
  const { data: providers } = useQuery(providersQuery);
  const [username, setUsername] = useState(known ?? "");
  const [password, setPassword] = useState("");
  const send = useMutation({
    mutationFn: () => signIn(username.trim(), password),
    onSuccess: onDone,
    onError: () => setPassword(""),
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (username.trim() && password && !send.isPending) send.mutate();
  };
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
              readOnly={known !== undefined}
              autoFocus={known === undefined}
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              data-autofocus={known !== undefined || undefined}
              value={password}
              visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Refusal error={send.error} />
            <Button type="submit" size="md" fullWidth loading={send.isPending}>
              Sign in
            </Button>
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
