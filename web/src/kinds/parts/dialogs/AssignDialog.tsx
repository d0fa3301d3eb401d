import { Select, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../../api/queries";
import { FormDialog } from "../../../overlays/FormDialog";
import { Person } from "../../../ui/Person";
import { assign } from "../requests";
import type { Part } from "../types";
import { titleOf } from "../words";
import { Subject } from "./Subject";

export default function AssignDialog({ part }: { part: Part }) {
  const { data: people = [] } = useQuery(peopleQuery);
  const [to, setTo] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const held = part.assigned !== null;
  let blocked = to ? null : "Choose who makes it.";
  if (to && held && !reason.trim()) blocked = `Say why: ${part.assigned} will read it.`;
  return (
    <FormDialog
      title="Assign it"
      submit={to ? `Assign to ${to}` : "Assign"}
      blocked={blocked}
      onSubmit={async () => {
        await assign(part, to!, reason.trim());
        return `${to} has ${titleOf(part)} now`;
      }}
    >
      <Subject part={part} />
      <Select
        label="To"
        placeholder="Type a name"
        data-autofocus
        searchable
        data={people.map((person) => person.username).filter((name) => name !== part.assigned)}
        value={to}
        onChange={setTo}
        nothingFoundMessage="Nobody by that name"
        renderOption={({ option }) => <Person name={option.value} />}
        limit={50}
      />
      {held && (
        <Textarea
          label="Why"
          description={`${part.assigned} has it, and is told.`}
          required
          value={reason}
          maxLength={500}
          autosize
          minRows={2}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      )}
    </FormDialog>
  );
}
