import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../../api/queries";
import type { Reservation } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { Person } from "../../../ui/Person";
import { share } from "../requests";
import { keysIn, keysProblem } from "../ssh";
import { KeysField } from "./KeysField";

export function ShareDialog({ reservation }: { reservation: Reservation }) {
  const { certificate, holder, id, login, state } = reservation;
  const { data: people = [] } = useQuery(peopleQuery);
  const [who, setWho] = useState<string | null>(null);
  const [keys, setKeys] = useState("");
  const others = people.map((person) => person.username).filter((name) => name !== holder);
  return (
    <FormDialog
      title="Share with a colleague"
      submit={who ? `Share with ${who}` : "Share"}
      blocked={!who ? "Choose who." : keysIn(keys).length === 0 && !certificate ? "Paste their public key." : keysProblem(keys)}
      onSubmit={async () => {
        await share(id, who!, keysIn(keys));
        return `${who} can sign in as ${login}${state === "booked" ? " once it begins" : ""}`;
      }}
    >
      <p style={{ margin: 0 }}>
        They sign in to the same account, <strong className="mono">{login}</strong>, with a key of their own
        {certificate ? ", or with a certificate that they ask for here" : ""}.
      </p>
      <Select
        label="With"
        placeholder="Type a name"
        data-autofocus
        searchable
        data={others}
        value={who}
        onChange={setWho}
        nothingFoundMessage="Nobody by that name"
        renderOption={({ option }) => <Person name={option.value} />}
        limit={50}
      />
      <KeysField label="Their public keys" value={keys} onChange={setKeys} />
    </FormDialog>
  );
}
