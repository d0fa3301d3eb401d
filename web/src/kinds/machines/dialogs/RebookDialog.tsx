import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { BookingChange, Machine, Reservation } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { LengthPicker } from "../../../ui/LengthPicker";
import { lengthText, minutesIn } from "../../../ui/lengths";
import { fromLocalInput, localInput } from "../../../ui/time";
import { machinesQuery } from "../queries";
import { rebook } from "../requests";
import { timesProblem } from "./times";
import { useWhich, WhichFields, whichProblem, whichWish, type Which } from "./WhichFields";

const NO_MACHINES: Machine[] = [];
const LENGTHS = [30, 60, 120, 240, 1440];

/** Another time, length or other machines for a booking that has not begun. */
export function RebookDialog({ reservation }: { reservation: Reservation }) {
  const { id, starts_at: starts, minutes: before, names, count, tags } = reservation;
  const { data: machines = NO_MACHINES } = useQuery(machinesQuery);
  const known: Which = { by: names.length ? "name" : "any", count: String(count), tags: tags ?? "", names };
  const [which, changeWhich] = useWhich(known);
  const first = starts ? localInput(new Date(starts)) : "";
  const [start, setStart] = useState(first);
  const [length, setLength] = useState(lengthText(before));
  const minutes = minutesIn(length);
  const begins = fromLocalInput(start);
  const moved = start !== first;

  // Only what is another now: the minute hides the seconds of the old beginning.
  const change: BookingChange = {
    ...(moved && begins ? { starts_at: begins } : {}),
    ...(minutes !== null && minutes !== before ? { minutes } : {}),
    ...(JSON.stringify(which) === JSON.stringify(known) ? {} : whichChange(which)),
  };
  const same = Object.keys(change).length === 0;
  const problem = whichProblem(which) ?? timesProblem(minutes, moved ? begins : undefined);
  return (
    <FormDialog
      title="Change the booking"
      size="lg"
      submit="Change it"
      blocked={problem ?? (same ? "It is like that now." : null)}
      onSubmit={async () => {
        await rebook(id, change);
        return "The booking is changed";
      }}
    >
      <TextInput
        type="datetime-local"
        label="Begins"
        data-autofocus
        value={start}
        onChange={(event) => setStart(event.currentTarget.value)}
      />
      <LengthPicker label="For how long" value={length} presets={LENGTHS} {...(begins ? { from: Date.parse(begins) } : {})} onChange={setLength} />
      <WhichFields value={which} machines={machines} now={false} autofocus={false} onChange={changeWhich} />
    </FormDialog>
  );
}

function whichChange(which: Which): BookingChange {
  const { names, count } = whichWish(which);
  return names ? { names } : { count: count!, tags: which.tags.trim() };
}
