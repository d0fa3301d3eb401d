import { Alert, Checkbox, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { configurationsQuery, desktopsQuery, volumesQuery } from "../queries";
import { start } from "../requests";
import { NAME_MAX, nameProblem, shortName } from "../states";

/** The first of d1, d2, … that none of the person's desktops is called. */
function freeName(taken: readonly string[]): string {
  const names = new Set(taken.map(shortName));
  let number = 1;
  while (names.has(`d${number}`)) number += 1;
  return `d${number}`;
}

export default function StartDialog({ configurationId }: { configurationId: number | null }) {
  const { data: configurations = [] } = useQuery(configurationsQuery);
  const { data: volumes = [] } = useQuery(volumesQuery);
  const { data: list } = useQuery(desktopsQuery("mine"));
  const [typed, setTyped] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(configurationId === null ? null : String(configurationId));
  const [persistent, setPersistent] = useState(true);
  const [volume, setVolume] = useState<string | null>(null);
  const name = typed ?? freeName(list?.desktops.map((one) => one.name) ?? []);
  const limits = list?.limits;
  const full = limits && (limits.running >= limits.in_total || limits.mine >= limits.per_person);
  const configuration = configurations.find(({ id }) => String(id) === chosen);

  return (
    <FormDialog
      title="Start a desktop"
      submit={full && limits.queue ? "Wait for room" : "Start"}
      blocked={limits?.problem ?? nameProblem(name)}
      onSubmit={async () => {
        const made = await start({
          name,
          configuration_id: chosen === null ? null : Number(chosen),
          persistent_home: persistent,
          volume,
          hours: null,
        });
        return made.queue_position ? `${name} is number ${made.queue_position} in line` : `${name} starts`;
      }}
    >
      {full && (
        <Alert color="yellow" variant="light">
          {limits.mine >= limits.per_person
            ? `You have ${limits.mine} of ${limits.per_person} desktops.`
            : `${limits.running} of ${limits.in_total} desktops run.`}{" "}
          {limits.queue ? "It starts when there is room." : "Stop one first."}
        </Alert>
      )}
      <TextInput
        label="Name"
        description={`Up to ${NAME_MAX} lowercase letters, digits and hyphens.`}
        data-autofocus
        required
        autoComplete="off"
        spellCheck={false}
        value={name}
        maxLength={NAME_MAX}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Select
        label="Configuration"
        placeholder="Default"
        description={configuration?.description || undefined}
        data={configurations.map((one) => ({ value: String(one.id), label: one.name }))}
        value={chosen}
        clearable
        searchable={configurations.length > 8}
        onChange={setChosen}
      />
      <Checkbox
        label="Keep its home"
        description="The files in it are there again when the desktop is resumed. Without, they go when it is stopped."
        checked={persistent}
        onChange={(event) => setPersistent(event.currentTarget.checked)}
      />
      {volumes.length > 0 && (
        <Select
          label="Volume at /storage"
          placeholder="None"
          data={volumes.map((one) => ({ value: one.name, label: `${one.name} (${one.size})` }))}
          value={volume}
          clearable
          searchable
          onChange={setVolume}
        />
      )}
    </FormDialog>
  );
}
