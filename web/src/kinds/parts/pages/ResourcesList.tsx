import { Button, Select, Switch, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { Chip } from "../../../ui/Chip";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { complain, say } from "../../../ui/toast";
import { resourcesQuery } from "../queries";
import { addResource, changeResource, removeResource } from "../requests";
import type { Process, Resource } from "../types";
import { PROCESS_WORDS, PROCESSES } from "../words";
import classes from "./ShopSettings.module.css";

const KINDS = [
  { value: "machine", label: "Machine" },
  { value: "vendor", label: "Vendor" },
];

/** The machines and vendors that a step can name. */
export function ResourcesList({ project, rules }: { project: string; rules: boolean }) {
  const query = useQuery(resourcesQuery(project));
  const [open, setOpen] = useState<Resource | "new" | null>(null);
  const remove = (one: Resource): void => {
    removeResource(one.id).then(() => say(`Removed ${one.name}`), complain);
  };
  return (
    <section className={`panel ${classes.panel}`} aria-labelledby="shop-resources">
      <h2 id="shop-resources">
        Machines and vendors
        <span style={{ flex: 1 }} />
        {rules && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setOpen("new")}>
            Add one
          </Button>
        )}
      </h2>
      {!query.data && <ListState query={query} />}
      {query.data?.length === 0 && <p className={classes.note}>None yet. Steps of parts can name them.</p>}
      <ul className={classes.rows}>
        {query.data?.map((one) => (
          <li key={one.id} className={classes.row} data-off={!one.is_active || undefined}>
            <div className={classes.rowText}>
              <strong>{visible(one.name)}</strong>
              {one.note && <span>{visible(one.note)}</span>}
            </div>
            <Chip>{one.kind === "machine" ? "Machine" : "Vendor"}</Chip>
            {one.board && <Chip>{PROCESS_WORDS[one.board]}</Chip>}
            {!one.is_active && <Chip loose>out of use</Chip>}
            {rules && (
              <>
                <Button size="compact-xs" variant="subtle" aria-label={`Edit ${one.name}`} onClick={() => setOpen(one)}>
                  Edit
                </Button>
                <Button size="compact-xs" variant="subtle" color="red.8" aria-label={`Remove ${one.name}`} onClick={() => remove(one)}>
                  Remove
                </Button>
              </>
            )}
          </li>
        ))}
      </ul>
      {open && <ResourceDialog project={project} resource={open === "new" ? null : open} onClose={() => setOpen(null)} />}
    </section>
  );
}

function ResourceDialog({ project, resource, onClose }: { project: string; resource: Resource | null; onClose: () => void }) {
  const [kind, setKind] = useState<string>(resource?.kind ?? "machine");
  const [name, setName] = useState(resource?.name ?? "");
  const [board, setBoard] = useState<string | null>(resource?.board ?? null);
  const [note, setNote] = useState(resource?.note ?? "");
  const [active, setActive] = useState(resource?.is_active ?? true);
  return (
    <FormDialog
      title={resource ? `Edit ${resource.name}` : "Add a machine or vendor"}
      submit={resource ? "Save" : "Add it"}
      blocked={name.trim() ? null : "Give it a name."}
      onClose={onClose}
      onSubmit={async () => {
        const fields = { kind: kind as Resource["kind"], name: name.trim(), board: board as Process | null, note: note.trim() || null };
        await (resource ? changeResource(resource.id, { ...fields, is_active: active }) : addResource(project, fields));
        return resource ? "Saved" : `Added ${name.trim()}`;
      }}
    >
      <TextInput label="Name" placeholder="Haas VF-2" data-autofocus value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
      <Select label="What it is" allowDeselect={false} data={KINDS} value={kind} onChange={(value) => setKind(value ?? "machine")} />
      <Select
        label="Board"
        placeholder="any"
        clearable
        data={PROCESSES.map((value) => ({ value, label: PROCESS_WORDS[value] }))}
        value={board}
        onChange={setBoard}
      />
      <TextInput label="Note" value={note} maxLength={500} onChange={(event) => setNote(event.currentTarget.value)} />
      {resource && <Switch label="In use" checked={active} onChange={(event) => setActive(event.currentTarget.checked)} />}
    </FormDialog>
  );
}
