import { NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { shopQuery } from "../queries";
import { count } from "../requests";
import type { Part } from "../types";
import { madeWord, reasonWord } from "../words";
import classes from "./dialogs.module.css";
import { Subject } from "./Subject";

const whole = (value: number | string): number => (typeof value === "number" ? value : 0);

/** How many were made, and how many were scrapped and why. */
export default function CountDialog({ part, scrap }: { part: Part; scrap: boolean }) {
  const { data: shop } = useQuery(shopQuery(part.project));
  const reasons = shop?.scrap_reasons ?? [];
  const [made, setMade] = useState<number | string>(scrap ? 0 : part.quantities.remaining || 1);
  const [scrapped, setScrapped] = useState<number | string>(scrap ? 1 : 0);
  const [reason, setReason] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [override, setOverride] = useState(false);
  const outdated = part.claim?.recheck === true;
  let blocked: string | null = null;
  if (whole(made) + whole(scrapped) <= 0) blocked = "Count at least one piece.";
  else if (whole(scrapped) > 0 && !reason) blocked = "Choose why they were scrapped.";
  else if (override && !note.trim()) blocked = "Say in the note why the earlier revision will do.";
  return (
    <FormDialog
      title={scrap ? "Scrap" : "Count pieces"}
      submit={scrap ? "Scrap" : "Count"}
      blocked={blocked}
      onSubmit={async () => {
        const now = await count(part, {
          ...(whole(made) ? { made: whole(made) } : {}),
          ...(whole(scrapped) ? { scrapped: whole(scrapped), reason: reason! } : {}),
          ...(note.trim() ? { note: note.trim() } : {}),
          ...(override ? { override: true } : {}),
        });
        return now.category === "completed" ? "The last piece: the part is done" : madeWord(now.quantities);
      }}
    >
      <Subject part={part} />
      <p className={classes.note}>
        So far {madeWord(part.quantities)}
        {part.step && `, in the step ${part.step.process}`}.
      </p>
      <div className={classes.pair}>
        <NumberInput
          label="Made"
          data-autofocus={!scrap || undefined}
          min={0}
          max={100_000}
          allowDecimal={false}
          value={made}
          onChange={setMade}
          inputMode="numeric"
        />
        <NumberInput
          label="Scrapped"
          data-autofocus={scrap || undefined}
          min={0}
          max={100_000}
          allowDecimal={false}
          value={scrapped}
          onChange={setScrapped}
          inputMode="numeric"
        />
      </div>
      {whole(scrapped) > 0 && (
        <Select
          label="Why they were scrapped"
          placeholder="Choose"
          required
          data={reasons.map((value) => ({ value, label: reasonWord(value) }))}
          value={reason}
          onChange={setReason}
          nothingFoundMessage="The project has no such reason"
        />
      )}
      <TextInput label="Note" value={note} maxLength={500} onChange={(event) => setNote(event.currentTarget.value)} />
      {outdated && (
        <Switch
          label="They are made to the earlier revision, and that is right"
          checked={override}
          onChange={(event) => setOverride(event.currentTarget.checked)}
        />
      )}
    </FormDialog>
  );
}
