import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { Chip } from "../../ui/Chip";
import { Ago } from "../../ui/Time";
import { Link } from "../../ui/Link";
import { useSearch } from "../../ui/useSearch";
import { folderLink } from "../../kinds/documents/places";
import type { GroupCardProps } from "./group";
import classes from "./Groups.module.css";
import { Members } from "./Members";

export function GroupCard({ of, group, note, roles, rules, mayDelete, children }: GroupCardProps) {
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
      {open && children}
      {open && <Members of={of} group={group} roles={roles} rules={rules} mayDelete={mayDelete} />}
    </section>
  );
}
