import { Button, Group, NativeSelect, Select } from "@mantine/core";
import { IconTrash, IconUserPlus } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { membersQuery, peopleQuery, queryClient } from "../../api/queries";
import type { Member, Role } from "../../api/types";
import { FormDialog } from "../../overlays/FormDialog";
import { BlockableButton } from "../../ui/BlockableButton";
import { Chip } from "../../ui/Chip";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Person } from "../../ui/Person";
import { Refusal } from "../../ui/Refusal";
import { complain } from "../../ui/toast";
import type { GroupCardProps } from "./group";
import classes from "./Groups.module.css";

type Props = Pick<GroupCardProps, "of" | "group" | "roles" | "rules" | "mayDelete">;

export function Members({ of, group, roles, rules, mayDelete }: Props) {
  const { data, error, isPending } = useQuery(membersQuery(of, group.id));
  const { data: people = [] } = useQuery(peopleQuery);
  const [name, setName] = useState<string | null>(null);
  const [role, setRole] = useState<Role>("member");
  const [deleting, setDeleting] = useState(false);
  const one = of === "projects" ? "project" : "company";
  const refused = rules ? null : `Only owners${of === "projects" ? " and admins" : ""} of this ${one} decide who belongs to it.`;

  const set = useMutation({
    mutationFn: (change: { username: string; role: Role | null }) =>
      api(`${of}/${encodeURIComponent(group.id)}/members/${encodeURIComponent(change.username)}`, {
        method: change.role ? "PUT" : "DELETE",
        ...(change.role ? { json: { role: change.role } } : {}),
      }),
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: [of] }),
        queryClient.invalidateQueries({ queryKey: membersQuery(of, group.id).queryKey }),
      ]),
    onError: complain,
  });

  const members = data ?? [];
  const others = people
    .map((person) => person.username)
    .filter((username) => !members.some((member) => member.username === username));
  return (
    <div className={classes.body}>
      {isPending && <ListSkeleton />}
      <Refusal error={error} />
      <ul className={classes.members}>
        {members.map((member: Member) => (
          <li key={member.username} className={classes.member}>
            <Person name={member.username} />
            {member.from_provider && (
              <Chip title="The role comes from a group at the sign-in provider, and goes with it">by group</Chip>
            )}
            <span style={{ flex: 1 }} />
            <NativeSelect
              size="xs"
              aria-label={`Role of ${member.username}`}
              data={roles}
              value={member.role}
              disabled={!rules || set.isPending}
              title={refused ?? undefined}
              onChange={(event) =>
                set.mutate({ username: member.username, role: event.currentTarget.value as Role })
              }
            />
            <BlockableButton
              size="xs"
              variant="subtle"
              reason={refused}
              aria-label={`Remove ${member.username}`}
              onClick={() => set.mutate({ username: member.username, role: null })}
            >
              Remove
            </BlockableButton>
          </li>
        ))}
        {data?.length === 0 && <li className={classes.note}>Nobody yet.</li>}
      </ul>
      <Group gap="xs" align="flex-end" wrap="wrap">
        <Select
          size="xs"
          label="Add a person"
          placeholder="Type a name"
          searchable
          data={others}
          value={name}
          onChange={setName}
          disabled={!rules}
          nothingFoundMessage="Nobody by that name"
        />
        <NativeSelect
          size="xs"
          label="as"
          data={roles}
          value={role}
          disabled={!rules}
          onChange={(event) => setRole(event.currentTarget.value as Role)}
        />
        <BlockableButton
          size="xs"
          variant="default"
          leftSection={<IconUserPlus size={15} />}
          reason={refused ?? (name ? null : "Choose a person first.")}
          onClick={() => {
            set.mutate({ username: name!, role });
            setName(null);
          }}
        >
          Add
        </BlockableButton>
        <span style={{ flex: 1 }} />
        {mayDelete && (
          <Button
            size="xs"
            variant="subtle"
            c="var(--crib-over)"
            leftSection={<IconTrash size={15} />}
            onClick={() => setDeleting(true)}
          >
            Delete {one}
          </Button>
        )}
      </Group>
      {deleting && (
        <FormDialog
          title={`Delete ${group.name}?`}
          submit="Delete it"
          danger
          onClose={() => setDeleting(false)}
          onSubmit={async () => {
            await api(`${of}/${encodeURIComponent(group.id)}`, { method: "DELETE" });
            await queryClient.invalidateQueries({ queryKey: [of] });
            return `Deleted ${group.name}`;
          }}
        >
          <p style={{ margin: 0 }}>
            Its members lose the rights it gave them. {members.length > 0 && `It has ${members.length} now.`}
          </p>
        </FormDialog>
      )}
    </div>
  );
}
