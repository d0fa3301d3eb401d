import { NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { takeNews } from "../actions/context";
import { add, change } from "../requests";
import type { Part, PartFields, Process } from "../types";
import { dayOf, endOfDay, PRIORITIES, PROCESS_WORDS, PROCESSES, titleOf } from "../words";
import classes from "./dialogs.module.css";

interface Props {
  /** Null for a new one. */
  part: Part | null;
  project: string;
  onAdded?: (part: Part) => void;
}

/** All that is written about a part, in one form. */
export default function PartDialog({ part, project, onAdded }: Props) {
  const [name, setName] = useState(part?.name ?? "");
  const [number, setNumber] = useState(part?.part_number ?? "");
  const [type, setType] = useState<string | null>(part ? part.type : "cnc");
  const [amount, setAmount] = useState<number | string>(part?.amount ?? 1);
  const [material, setMaterial] = useState(part?.material ?? "");
  const [thickness, setThickness] = useState(part?.material_thickness ?? "");
  const [subsystem, setSubsystem] = useState(part?.subsystem ?? "");
  const [priority, setPriority] = useState(String(part?.priority ?? 0));
  const [due, setDue] = useState(dayOf(part?.due_at ?? null));
  const [url, setUrl] = useState(part?.onshape_url ?? "");
  const [notes, setNotes] = useState(part?.notes ?? "");
  let blocked: string | null = null;
  if (!name.trim() && !number.trim()) blocked = "Give it a name or a number.";
  else if (!material.trim()) blocked = "Say what it is made of.";
  else if (!subsystem.trim()) blocked = "Say what it belongs to.";
  else if (typeof amount !== "number" || amount < 1) blocked = "Make at least one.";

  const fields = (): PartFields => ({
    name: name.trim() || null,
    type: type as Process | null,
    amount: Number(amount),
    material: material.trim(),
    material_thickness: thickness.trim() || null,
    subsystem: subsystem.trim(),
    priority: Number(priority),
    due_at: due === dayOf(part?.due_at ?? null) ? (part?.due_at ?? null) : endOfDay(due),
    onshape_url: url.trim() || null,
    notes: notes.trim() || null,
    ...(number.trim() ? { part_number: number.trim() } : {}),
  });
  return (
    <FormDialog
      title={part ? `Edit ${titleOf(part)}` : "Add a part"}
      submit={part ? "Save" : "Add it"}
      blocked={blocked}
      onSubmit={async () => {
        try {
          const saved = await (part ? change(part, fields()) : add(project, fields()));
          if (!part) onAdded?.(saved);
          return part ? "Saved" : `${titleOf(saved)} waits for review`;
        } catch (error) {
          takeNews(error);
          throw error;
        }
      }}
    >
      <div className={classes.pair}>
        <TextInput label="Name" data-autofocus value={name} maxLength={200} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput
          label="Number"
          placeholder={part ? undefined : "made up if left empty"}
          value={number}
          maxLength={100}
          onChange={(event) => setNumber(event.currentTarget.value)}
        />
      </div>
      <div className={classes.pair}>
        <Select
          label="Made by"
          data={PROCESSES.map((value) => ({ value, label: PROCESS_WORDS[value] }))}
          placeholder="Hand"
          value={type}
          onChange={setType}
        />
        <NumberInput label="How many" min={1} max={100_000} allowDecimal={false} value={amount} onChange={setAmount} />
      </div>
      <div className={classes.pair}>
        <TextInput label="Material" required value={material} maxLength={200} onChange={(event) => setMaterial(event.currentTarget.value)} />
        <TextInput label="Thickness" placeholder="3 mm" value={thickness} maxLength={50} onChange={(event) => setThickness(event.currentTarget.value)} />
      </div>
      <TextInput
        label="Subsystem"
        description="What it belongs to"
        required
        value={subsystem}
        maxLength={100}
        onChange={(event) => setSubsystem(event.currentTarget.value)}
      />
      <div className={classes.pair}>
        <Select
          label="Priority"
          allowDeselect={false}
          data={PRIORITIES.map(({ value, label }) => ({ value: String(value), label }))}
          value={priority}
          onChange={(value) => setPriority(value ?? "0")}
        />
        <TextInput label="Due" type="date" value={due} onChange={(event) => setDue(event.currentTarget.value)} />
      </div>
      <TextInput label="Onshape address" type="url" value={url} maxLength={500} onChange={(event) => setUrl(event.currentTarget.value)} />
      <Textarea label="Notes" value={notes} maxLength={20_000} autosize minRows={2} maxRows={10} onChange={(event) => setNotes(event.currentTarget.value)} />
    </FormDialog>
  );
}
