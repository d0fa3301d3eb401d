import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../../api/queries";
import type { Reservation } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { Person } from "../../../ui/Person";
import { passOn } from "../requests";
import { contentText } from "../states";

export function PassOnDialog({ reservation }: { reservation: Reservation }) {
  const { data: people = [] } = useQuery(peopleQuery);
  const [to, setTo] = useState<string | null>(null);
  const others = people.map((person) => person.username).filter((name) => name !== reservation.holder);
  return (
    <FormDialog
      title={`Hand over ${contentText(reservation)}`}
      submit={to ? `Hand over to ${to}` : "Hand over"}
      blocked={to ? null : "Choose who gets it."}
      onSubmit={async () => {
        await passOn(reservation.id, to!);
        return `${to} has it now`;
      }}
    >
      <p style={{ margin: 0 }}>
        Your accounts on the machines are removed with what is in them, and new ones made. {to ?? "Whoever gets it"} then
        says how to sign in.
      </p>
      <Select
        label="To"
        placeholder="Type a name"
        data-autofocus
        searchable
        data={others}
        value={to}
        onChange={setTo}
        nothingFoundMessage="Nobody by that name"
        renderOption={({ option }) => <Person name={option.value} />}
        limit={50}
      />
    </FormDialog>
  );
}
