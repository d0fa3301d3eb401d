import {
  Button,
  Checkbox,
  Group,
  NativeSelect,
  PasswordInput,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api } from "../../api/client";
import { companiesQuery, providerLinkQuery, queryClient, usersQuery } from "../../api/queries";
import type { User } from "../../api/types";
import { useMe } from "../../session/session";
import { FormDialog } from "../../overlays/FormDialog";
import { BlockableButton } from "../../ui/BlockableButton";
import { CopyButton } from "../../ui/CopyLine";
import { SideDialog } from "../../ui/Dialog";
import { Refusal } from "../../ui/Refusal";
import { say } from "../../ui/toast";
import classes from "./Admin.module.css";
import { randomPassword } from "./randomPassword";

/** One account: each part is saved by itself. */
export function UserDrawer({ user, onClose }: { user: User; onClose: () => void }) {
  const me = useMe();
  const own = user.id === me.id ? "This is your own account." : null;
  const [password, setPassword] = useState("");
  const [endKeys, setEndKeys] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [resetting, setResetting] = useState(false);
  const put = useMutation({
    mutationFn: ({ part, json }: { part: string; json: object; done: string }) =>
      api(`admin/users/${user.id}/${part}`, { method: "PUT", json }),
    onSuccess: (_, { done }) => {
      say(done);
      void queryClient.invalidateQueries({ queryKey: usersQuery.queryKey });
    },
  });
  return (
    <SideDialog onClose={onClose} position="right" size={440} title={user.username}>
      <Stack gap="lg">
        <Refusal error={put.error} />
        <Part title="Rights">
          <Blocked reason={own}>
            <Switch
              label="Administrator"
              checked={user.is_admin}
              disabled={own !== null || put.isPending}
              onChange={(event) =>
                put.mutate({
                  part: "status",
                  json: { is_admin: event.currentTarget.checked },
                  done: event.currentTarget.checked ? "Now an administrator" : "No longer an administrator",
                })
              }
            />
          </Blocked>
          <Blocked reason={own}>
            <Switch
              label="May sign in"
              description="A disabled account keeps its holdings and its history."
              checked={user.is_active}
              disabled={own !== null || put.isPending}
              onChange={(event) =>
                put.mutate({
                  part: "status",
                  json: { is_active: event.currentTarget.checked },
                  done: event.currentTarget.checked ? "The account is enabled" : "The account is disabled",
                })
              }
            />
          </Blocked>
        </Part>
        <Part title="Username">
          <LineToSave
            label="Username"
            description="Everything stays with the person, and nobody else gets the former name. It can still be used to sign in."
            saved={user.username}
            button="Rename"
            onSave={(name) => put.mutate({ part: "username", json: { username: name }, done: `Renamed to ${name}` })}
          />
        </Part>
        <Part title="E-mail">
          <LineToSave
            label="E-mail address"
            type="email"
            saved={user.email}
            button="Save"
            onSave={(email) => put.mutate({ part: "email", json: { new_email: email }, done: "Address changed" })}
          />
        </Part>
        <Part title="Reset the password">
          <Group align="flex-end" gap="xs">
            <PasswordInput
              aria-label="New password"
              autoComplete="new-password"
              style={{ flex: 1 }}
              value={password}
              maxLength={128}
              visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button
              variant="default"
              disabled={!password}
              onClick={() =>
                put.mutate({
                  part: "password",
                  json: { new_password: password, end_api_keys: endKeys },
                  done: "The new password is set",
                })
              }
            >
              Set
            </Button>
          </Group>
          <Group gap="xs">
            <Button size="compact-xs" variant="default" onClick={() => setPassword(randomPassword())}>
              Make one up
            </Button>
            {password && <CopyButton text={password} label="Copy password" />}
          </Group>
          <Checkbox
            label="End their API keys too"
            checked={endKeys}
            onChange={(event) => setEndKeys(event.currentTarget.checked)}
          />
        </Part>
        <Part title="Two-step sign-in">
          <Group gap="xs">
            <BlockableButton
              size="xs"
              variant="default"
              reason={own ? "Turn off your own under Settings, with a code." : null}
              onClick={() => setResetting(true)}
            >
              Turn it off…
            </BlockableButton>
          </Group>
        </Part>
        <ProviderPart user={user} />
        <CompanyPart user={user} onSave={(json) => put.mutate({ part: "company", json, done: "Company changed" })} />
        <BlockableButton
          variant="default"
          c="var(--crib-over)"
          leftSection={<IconTrash size={16} />}
          reason={own ? "You cannot delete your own account." : null}
          onClick={() => setDeleting(true)}
        >
          Delete the account…
        </BlockableButton>
      </Stack>
      {resetting && (
        <FormDialog
          title={`Turn off the two-step sign-in of ${user.username}?`}
          submit="Turn it off"
          danger
          onClose={() => setResetting(false)}
          onSubmit={async () => {
            await api(`admin/users/${user.id}/otp`, { method: "DELETE" });
            return `${user.username} signs in with the password alone now`;
          }}
        >
          <p style={{ margin: 0 }}>
            For somebody who has lost app and recovery codes. Be sure that it is {user.username} who asks.
          </p>
        </FormDialog>
      )}
      {deleting && (
        <FormDialog
          title={`Delete ${user.username}?`}
          submit="Delete the account"
          danger
          onClose={() => setDeleting(false)}
          onSubmit={async () => {
            await api(`admin/users/${user.id}`, { method: "DELETE" });
            onClose();
            await queryClient.invalidateQueries({ queryKey: usersQuery.queryKey });
            return `Deleted ${user.username}`;
          }}
        >
          <p style={{ margin: 0 }}>
            Everything {user.username} holds is released. To keep it held, disable the account instead.
          </p>
        </FormDialog>
      )}
    </SideDialog>
  );
}

/** What the person has through groups at the sign-in provider, apart from what was given by hand. */
function ProviderPart({ user }: { user: User }) {
  const { data: link, error } = useQuery(providerLinkQuery(user.id));
  if (error) return <Refusal error={error} />;
  if (!link?.subject) return null;
  return (
    <Part title="Sign-in provider">
      <Text size="sm" c="dimmed">
        Known there as <span className="mono">{link.subject}</span>.
      </Text>
      {link.roles.map((role) => (
        <Text size="sm" key={`${role.what}:${role.name}`}>
          {role.what === "admin" ? "Administrator" : `${role.role} of ${role.what} ${role.name}`} by group{" "}
          <strong>{role.group}</strong>
          {role.own_role && (role.what === "admin" ? "; also given by hand" : `; by hand ${role.own_role}`)}
        </Text>
      ))}
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.part}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface LineProps {
  label: string;
  description?: string;
  type?: "email";
  saved: string;
  button: string;
  onSave: (text: string) => void;
}

/** A line of text with a button beside it, which saves what differs from before. */
function LineToSave({ label, description, type, saved, button, onSave }: LineProps) {
  const [text, setText] = useState(saved);
  const typed = text.trim();
  return (
    <Group align="flex-end" gap="xs">
      <TextInput
        aria-label={label}
        description={description}
        type={type}
        style={{ flex: 1 }}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button variant="default" disabled={!typed || typed === saved} onClick={() => onSave(typed)}>
        {button}
      </Button>
    </Group>
  );
}

function Blocked({ reason, children }: { reason: string | null; children: ReactNode }) {
  if (!reason) return children;
  return (
    <Tooltip label={`${reason} Another administrator can change it.`}>
      <div>{children}</div>
    </Tooltip>
  );
}

function CompanyPart({ user, onSave }: { user: User; onSave: (json: object) => void }) {
  const { data: companies = [] } = useQuery(companiesQuery);
  const [company, setCompany] = useState(user.company_id);
  const [role, setRole] = useState(user.company_role ?? "member");
  if (companies.length === 0) return null;
  const same = company === user.company_id && (company === null || role === (user.company_role ?? "member"));
  return (
    <Part title="Company">
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <Select
          aria-label="Company"
          placeholder="None"
          clearable
          style={{ flex: 1 }}
          data={companies.map((one) => ({ value: one.id, label: one.name }))}
          value={company}
          onChange={setCompany}
        />
        <NativeSelect
          aria-label="Role in the company"
          data={["member", "owner"]}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value as typeof role)}
        />
        <Button variant="default" disabled={same} onClick={() => onSave({ company_id: company, role })}>
          Save
        </Button>
      </Group>
    </Part>
  );
}
