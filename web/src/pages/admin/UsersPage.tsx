import { Button, Group } from "@mantine/core";
import { IconPlus, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { usersQuery } from "../../api/queries";
import type { User } from "../../api/types";
import { useMe } from "../../session/session";
import { Chip } from "../../ui/Chip";
import { Empty } from "../../ui/Empty";
import { FilterBox } from "../../ui/FilterBox";
import { ListState } from "../../ui/ListState";
import { Person } from "../../ui/Person";
import { Ago } from "../../ui/Time";
import { useNarrow } from "../../ui/useNarrow";
import { useSearch } from "../../ui/useSearch";
import { VirtualList, type ListHandle } from "../../ui/VirtualList";
import classes from "./Admin.module.css";
import { NewUser } from "./NewUser";
import { UserDrawer } from "./UserDrawer";

export default function UsersPage() {
  const me = useMe();
  const narrow = useNarrow();
  const query = useQuery(usersQuery);
  const { data } = query;
  const [search, change] = useSearch();
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<number | null>(null);
  const list = useRef<ListHandle>(null);
  const filter = search.get("q") ?? "";
  const shownFilter = useDeferredValue(filter.toLowerCase().trim());
  const users = useMemo(
    () =>
      (data ?? [])
        .filter((user) =>
          `${user.username}\n${user.email}\n${user.company_name ?? ""}`.toLowerCase().includes(shownFilter),
        )
        .sort((a, b) => a.username.localeCompare(b.username)),
    [data, shownFilter],
  );
  const heightOf = useCallback(() => (narrow ? 62 : 46), [narrow]);
  const edited = data?.find((user) => user.id === editing);
  return (
    <div className="page-fill">
      <div className="page-head">
        <h1>Users</h1>
        <span className={classes.summary} role="status">
          {data && `${users.length.toLocaleString()} ${users.length === 1 ? "account" : "accounts"}`}
        </span>
        <span style={{ flex: 1 }} />
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
          New user
        </Button>
      </div>
      <Group px={narrow ? 14 : 20} pb="sm">
        <FilterBox
          value={filter}
          label="Filter the users"
          placeholder="Name, address or company"
          onChange={(q) => change({ q })}
          onDown={() => list.current?.focus()}
        />
      </Group>
      <div className={`panel ${classes.list}`}>
        <ListState query={query} />
        {data && users.length === 0 && (
          <Empty Icon={IconUsers} title="Nobody like that" action={<Button onClick={() => setCreating(true)}>New user</Button>}>
            Try a part of the name or of the address.
          </Empty>
        )}
        {users.length > 0 && (
          <VirtualList
            handle={list}
            label="Users"
            items={users}
            heightOf={heightOf}
            idOf={(user) => String(user.id)}
            headHeight={narrow ? 0 : 36}
            head={narrow ? undefined : <Head />}
            render={(user) => <Row user={user} me={user.id === me.id} onEdit={() => setEditing(user.id)} />}
            onOpen={(user) => setEditing(user.id)}
          />
        )}
      </div>
      {creating && <NewUser onClose={() => setCreating(false)} />}
      {edited && <UserDrawer user={edited} onClose={() => setEditing(null)} />}
    </div>
  );
}

function Head() {
  return (
    <div role="row" aria-rowindex={1} className={classes.userGrid}>
      {["Name", "E-mail", "Company", "Rights", "Created"].map((title) => (
        <span key={title} role="columnheader" className={classes.headCell}>
          {title}
        </span>
      ))}
      <span role="columnheader">
        <span className="visually-hidden">Actions</span>
      </span>
    </div>
  );
}

function Row({ user, me, onEdit }: { user: User; me: boolean; onEdit: () => void }) {
  return (
    <div role="presentation" className={classes.userGrid} data-off={!user.is_active || undefined}>
      <span role="cell" className={classes.userName}>
        <Person name={user.username} me={me} />
      </span>
      <span role="cell" className={classes.userMail}>
        {user.email || "no address"}
      </span>
      <span role="cell" className={classes.wideOnly}>
        {user.company_name}
      </span>
      <span role="cell" className={classes.userMarks}>
        {user.is_admin && <Chip>administrator</Chip>}
        {!user.is_active && <Chip>disabled</Chip>}
      </span>
      <span role="cell" className={classes.wideOnly}>
        <Ago at={user.created_at} />
      </span>
      <span role="cell" className={classes.userActions}>
        <Button size="compact-xs" variant="default" onClick={onEdit} aria-label={`Edit ${user.username}`}>
          Edit
        </Button>
      </span>
    </div>
  );
}
