import { Select, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../api/queries";
import type { Claim } from "../../api/types";
import { Person } from "../../ui/Person";
import { handOver } from "../requests";
import { FormDialog } from "../../overlays/FormDialog";
import { Subject } from "./Subject";

export default function HandOverDialog({ claim }: { claim: Claim }) {
  const { data: people = [] } = useQuery(peopleQuery);
  const [to, setTo] = useState<string | null>(null);
  const [comment, setComment] = useState("");
  const others = people.map((person) => person.username).filter((name) => name !== claim.holder);
  return (
    <FormDialog
      title="Hand over"
      submit={to ? `Hand over to ${to}` : "Hand over"}
      blocked={to ? null : "Choose who gets it."}
      onSubmit={async () => {
        await handOver(claim, to!, comment.trim());
        return `${to} has it now`;
      }}
    >
      <Subject claim={claim} />
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
      <Textarea
        label="Comment"
        description="Replaces the comment on the lock. Leave it empty to keep the old one."
        value={comment}
        maxLength={2000}
        autosize
        minRows={2}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
