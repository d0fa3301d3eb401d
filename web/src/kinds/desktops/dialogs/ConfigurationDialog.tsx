import { Autocomplete, Checkbox, NumberInput, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../../api/queries";
import { FormDialog } from "../../../overlays/FormDialog";
import { imagesQuery } from "../queries";
import { saveConfiguration, type ConfigurationFields } from "../requests";
import type { Configuration } from "../types";
import classes from "./dialogs.module.css";

const MEMORY = ["1024Mi", "2048Mi", "4096Mi", "8192Mi", "16384Mi", "32768Mi", "65536Mi"];
const NEW: ConfigurationFields = {
  name: "",
  description: "",
  image: "",
  is_public: false,
  min_cpu: 1,
  max_cpu: 4,
  min_ram: "4096Mi",
  max_ram: "16384Mi",
  allowed_users: [],
  network: false,
  copy_out: false,
  paste_in: true,
  files: true,
};

function memoryLabel(quantity: string): string {
  const found = /^(\d+)Mi$/.exec(quantity);
  return found ? `${Number(found[1]) / 1024} GiB` : quantity;
}

/** What desktops can be made from: a new one, or one that is changed. Those that run keep what they have. */
export function ConfigurationDialog({ configuration }: { configuration?: Configuration }) {
  const [fields, setFields] = useState<ConfigurationFields>(() => (configuration ? fieldsOf(configuration) : NEW));
  const { data: people = [] } = useQuery(peopleQuery);
  const { data: images = [] } = useQuery(imagesQuery);
  const set = (change: Partial<ConfigurationFields>): void => setFields((before) => ({ ...before, ...change }));
  const memory = (value: string) => [...new Set([...MEMORY, value])].map((one) => ({ value: one, label: memoryLabel(one) }));
  const check = (name: "is_public" | "network" | "copy_out" | "paste_in" | "files", label: string) => (
    <Checkbox label={label} checked={fields[name]} onChange={(event) => set({ [name]: event.currentTarget.checked })} />
  );
  let blocked: string | null = null;
  if (!fields.name.trim()) blocked = "Type a name.";
  else if (!fields.image.trim()) blocked = "Say which image.";
  else if (fields.min_cpu > fields.max_cpu) blocked = "The least CPU is above the most.";
  return (
    <FormDialog
      title={configuration ? `Edit ${configuration.name}` : "New configuration"}
      submit={configuration ? "Save" : "Add"}
      size="lg"
      blocked={blocked}
      onSubmit={async () => {
        await saveConfiguration(configuration?.id ?? null, { ...fields, name: fields.name.trim(), image: fields.image.trim() });
        return configuration ? `Changed ${fields.name}` : `${fields.name} can be started`;
      }}
    >
      <TextInput label="Name" required data-autofocus autoComplete="off" value={fields.name} maxLength={255} onChange={(event) => set({ name: event.currentTarget.value })} />
      <Textarea label="Description" autosize minRows={2} maxRows={6} maxLength={2000} value={fields.description} onChange={(event) => set({ description: event.currentTarget.value })} />
      <Autocomplete label="Image" required description="The name of a container image; for desktops on the server’s own computer, the name of a session." spellCheck={false} data={images} value={fields.image} maxLength={255} onChange={(image) => set({ image })} />
      <div className={classes.pair}>
        <NumberInput label="CPUs, at least" min={1} max={32} allowDecimal={false} value={fields.min_cpu} onChange={(value) => set({ min_cpu: Number(value) || 1 })} />
        <NumberInput label="CPUs, at most" min={1} max={32} allowDecimal={false} value={fields.max_cpu} onChange={(value) => set({ max_cpu: Number(value) || 1 })} />
        <Select label="Memory, at least" allowDeselect={false} data={memory(fields.min_ram)} value={fields.min_ram} onChange={(value) => set({ min_ram: value ?? fields.min_ram })} />
        <Select label="Memory, at most" allowDeselect={false} data={memory(fields.max_ram)} value={fields.max_ram} onChange={(value) => set({ max_ram: value ?? fields.max_ram })} />
      </div>
      {check("is_public", "Everybody may start it")}
      {!fields.is_public && (
        <TagsInput label="Who may start it" placeholder="Type a name" data={people.map((person) => person.username)} value={fields.allowed_users} onChange={(allowed_users) => set({ allowed_users })} />
      )}
      <div className={classes.checks}>
        {check("network", "Programs in it reach the network")}
        {check("files", "Files may be sent and fetched")}
        {check("copy_out", "Text may be copied out of it")}
        {check("paste_in", "Text may be pasted into it")}
      </div>
    </FormDialog>
  );
}

function fieldsOf(configuration: Configuration): ConfigurationFields {
  const known = Object.keys(NEW) as (keyof ConfigurationFields)[];
  return Object.fromEntries(known.map((field) => [field, configuration[field] ?? NEW[field]])) as unknown as ConfigurationFields;
}
