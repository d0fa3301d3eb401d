import { ActionIcon, Autocomplete, Button, Select, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../../api/queries";
import { FormDialog } from "../../../overlays/FormDialog";
import { Dialog } from "../../../ui/Dialog";
import { ListState } from "../../../ui/ListState";
import { hide } from "../../../overlays/overlays";
import { partQuery, resourcesQuery } from "../queries";
import { setSteps } from "../requests";
import type { NewStep, Part, Process, Step } from "../types";
import { PROCESS_WORDS, PROCESSES } from "../words";
import classes from "./dialogs.module.css";
import { Subject } from "./Subject";

const COMMON = ["cut", "saw", "mill", "turn", "drill", "print", "weld", "deburr", "tap", "anodise", "paint", "assemble"];
const BOARDS = PROCESSES.map((value) => ({ value, label: PROCESS_WORDS[value] }));

interface Row extends NewStep {
  row: number;
}

let lastRow = 0;

function rowOf({ id, process, board, resource, person, note }: Step): Row {
  return { row: ++lastRow, id, process, board, resource_id: resource?.id ?? null, person, note };
}

/** The steps of a part: what is done stays, the rest is planned here. */
export default function StepsDialog({ part }: { part: Part }) {
  const query = useQuery(partQuery(part.id));
  if (!query.data) {
    return (
      <Dialog onClose={hide} title="Steps">
        <ListState query={query} />
      </Dialog>
    );
  }
  return <StepsForm part={query.data} />;
}

function StepsForm({ part }: { part: Part }) {
  const finished = (part.steps ?? []).filter((step) => step.state === "done");
  const [rows, setRows] = useState<Row[]>(() => {
    const planned = (part.steps ?? []).filter((step) => step.state !== "done").map(rowOf);
    return planned.length ? planned : [newRow(part.type ?? "hand")];
  });
  const { data: resources = [] } = useQuery(resourcesQuery(part.project));
  const { data: people = [] } = useQuery(peopleQuery);
  const change = (row: number, fields: Partial<Row>): void =>
    setRows((now) => now.map((one) => (one.row === row ? { ...one, ...fields } : one)));
  const shift = (index: number, by: number): void =>
    setRows((now) => {
      const next = [...now];
      const [moved] = next.splice(index, 1);
      next.splice(index + by, 0, moved!);
      return next;
    });
  return (
    <FormDialog
      title="Steps"
      submit="Save the steps"
      blocked={rows.some((row) => !row.process.trim()) ? "Say what is done in each step." : null}
      onSubmit={async () => {
        await setSteps(
          part,
          rows.map(({ id, process, board, resource_id, person, note }) => ({
            ...(id === undefined ? {} : { id }),
            process: process.trim(),
            board,
            resource_id: resource_id ?? null,
            person: person?.trim() || null,
            note: note?.trim() || null,
          })),
        );
        return "The steps are saved";
      }}
    >
      <Subject part={part} />
      {finished.length > 0 && (
        <p className={classes.note}>Done already: {finished.map((step) => step.process).join(", ")}.</p>
      )}
      <ol className={classes.rows} aria-label="Steps to do">
        {rows.map((row, index) => (
          <li key={row.row} className={classes.row}>
            <div className={classes.fields}>
              <Autocomplete
                label={`Step ${finished.length + index + 1}`}
                placeholder="cut, turn, deburr…"
                data-autofocus={index === 0 || undefined}
                data={COMMON}
                value={row.process}
                maxLength={50}
                onChange={(process) => change(row.row, { process })}
              />
              <Select
                label="Board"
                allowDeselect={false}
                data={BOARDS}
                value={row.board}
                onChange={(board) => change(row.row, { board: board as Process })}
              />
              <Select
                label="Machine or vendor"
                placeholder="any"
                clearable
                data={resources
                  .filter((one) => one.is_active || one.id === row.resource_id)
                  .map((one) => ({ value: String(one.id), label: one.name }))}
                value={row.resource_id == null ? null : String(row.resource_id)}
                onChange={(id) => change(row.row, { resource_id: id === null ? null : Number(id) })}
              />
              <Autocomplete
                label="Person"
                placeholder="anybody"
                data={people.map((person) => person.username)}
                limit={20}
                value={row.person ?? ""}
                maxLength={100}
                onChange={(person) => change(row.row, { person })}
              />
              <TextInput
                label="Note"
                value={row.note ?? ""}
                maxLength={500}
                onChange={(event) => change(row.row, { note: event.currentTarget.value })}
              />
            </div>
            <div className={classes.rowTools}>
              <ActionIcon variant="subtle" color="gray" aria-label={`Step ${index + 1} earlier`} disabled={index === 0} onClick={() => shift(index, -1)}>
                <IconArrowUp size={16} />
              </ActionIcon>
              <ActionIcon variant="subtle" color="gray" aria-label={`Step ${index + 1} later`} disabled={index === rows.length - 1} onClick={() => shift(index, 1)}>
                <IconArrowDown size={16} />
              </ActionIcon>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`Remove step ${index + 1}`}
                onClick={() => setRows((now) => now.filter((one) => one !== row))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </div>
          </li>
        ))}
      </ol>
      <div>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={15} />}
          onClick={() => setRows((now) => [...now, newRow(now.at(-1)?.board ?? part.type ?? "hand")])}
        >
          Add a step
        </Button>
      </div>
    </FormDialog>
  );
}

function newRow(board: Process): Row {
  return { row: ++lastRow, process: "", board };
}
