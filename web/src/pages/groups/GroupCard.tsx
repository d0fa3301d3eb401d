import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import type { Role } from "../../api/types";
import { Chip } from "../../parts/Chip";
import { Ago } from "../../parts/Time";
import { Link } from "../../parts/Link";
import { useSearch } from "../../parts/useSearch";
import { folderLink } from "../../documents/places";
import classes from "./Groups.module.css";
import { Members } from "./Members";

export interface GroupCardProps {
  of: "projects" | "companies";
  group: { id: string; name: string; role: Role | null; members?: number | null; created_at?: string };
  note?: string | undefined;
  roles: Role[];
  /** Whether this person decides who belongs to it. */
  rules: boolean;
  mayDelete: boolean;
}

export function GroupCard({ of, group, note, roles, rules, mayDelete }: GroupCardProps) {
  const [search] = useSearch();
  const [open, setOpen] = useState(search.get("open") === group.id);
  return (
    <section className={`panel ${classes.card}`} aria-label={group.name}>
      <button type="button" className={classes.head} aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconChevronRight size={16} className={classes.chevron} aria-hidden />
        <span className={classes.name}>{group.name}</span>
        {group.role && <Chip title="Your role">{group.role}</Chip>}
        {note && <span className={classes.note}>{note}</span>}
        <span style={{ flex: 1 }} />
        {typeof group.members === "number" && (
          <span className={classes.note}>{group.members === 1 ? "1 member" : `${group.members} members`}</span>
        )}
        {group.created_at && (
          <span className={`${classes.note} ${classes.created}`}>
            created <Ago at={group.created_at} />
          </span>
        )}
      </button>
      {open && (
        <p className={classes.files}>
          <Link to={folderLink({ bucket: of, id: group.id, path: "" })}>Files of {group.name}</Link>
        </p>
      )}
      {open && <Members of={of} group={group} roles={roles} rules={rules} mayDelete={mayDelete} />}
    </section>
  );
}
