import { Button, Checkbox, Group, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { api } from "../../api/client";
import { queryClient, usersQuery } from "../../api/queries";
import { FormDialog } from "../../overlays/FormDialog";
import { CopyButton } from "../../ui/CopyLine";
import { randomPassword } from "./randomPassword";

export function NewUser({ onClose }: { onClose: () => void }) {
  const [username, setUsername] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [admin, setAdmin] = useState(false);
  const missing = !username.trim() ? "Type a name." : !email.trim() ? "Type an address." : !password ? "Set a password." : null;
  return (
    <FormDialog
      title="New user"
      submit="Create"
      blocked={missing}
      onClose={onClose}
      onSubmit={async () => {
        await api("admin/users", {
          method: "POST",
          json: { username: username.trim(), email: email.trim(), password, is_admin: admin },
        });
        await queryClient.invalidateQueries({ queryKey: usersQuery.queryKey });
        return `Created ${username.trim()}`;
      }}
    >
      <TextInput
        label="Username"
        data-autofocus
        required
        autoComplete="off"
        value={username}
        maxLength={80}
        onChange={(event) => setUsername(event.currentTarget.value)}
      />
      <TextInput
        label="E-mail"
        type="email"
        required
        autoComplete="off"
        value={email}
        maxLength={254}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <div>
        <PasswordInput
          label="Password"
          required
          autoComplete="new-password"
          value={password}
          maxLength={128}
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Group gap="xs" mt={6}>
          <Button size="compact-xs" variant="default" onClick={() => setPassword(randomPassword())}>
            Make one up
          </Button>
          {password && <CopyButton text={password} label="Copy password" />}
        </Group>
      </div>
      <Checkbox
        label="Administrator"
        description="May manage accounts, configuration, and end anyone's locks"
        checked={admin}
        onChange={(event) => setAdmin(event.currentTarget.checked)}
      />
    </FormDialog>
  );
}
