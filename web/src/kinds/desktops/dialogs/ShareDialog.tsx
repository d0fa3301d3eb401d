import { ActionIcon, Checkbox, Select } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../../api/queries";
import { FormDialog } from "../../../overlays/FormDialog";
import { ListState } from "../../../ui/ListState";
import { Person } from "../../../ui/Person";
import { complain, say } from "../../../ui/toast";
import { guestsQuery } from "../queries";
import { invite, uninvite } from "../requests";
import { shortName } from "../states";
import type { Desktop } from "../types";
import classes from "./dialogs.module.css";

/** Who sees a desktop beside its holder. */
export function ShareDialog({ desktop }: { desktop: Desktop }) {
  const { name, holder } = desktop;
  const { data: people = [] } = useQuery(peopleQuery);
  const guests = useQuery(guestsQuery(name));
  const [who, setWho] = useState<string | null>(null);
  const [control, setControl] = useState(false);
  const known = new Set([holder, ...(guests.data?.map((guest) => guest.username) ?? [])]);
  return (
    <FormDialog
      title={`Share ${shortName(name)}`}
      submit={who ? `Share with ${who}` : "Share"}
      blocked={who ? null : "Choose who."}
      onSubmit={async () => {
        await invite(name, who!, control);
        return control ? `${who} sees it, and may ask for control` : `${who} sees it`;
      }}
    >
      <ListState query={guests} />
      {guests.data && guests.data.length > 0 && (
        <ul className={classes.guests} aria-label="Who sees it">
          {guests.data.map((guest) => (
            <li key={guest.username}>
              <Person name={guest.username} />
              <span className={classes.quiet}>{guest.may_control ? "may ask for control" : "only looks"}</span>
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label={`Stop sharing with ${guest.username}`}
                onClick={() => void uninvite(name, guest.username).then(() => say(`${guest.username} sees it no longer`), complain)}
              >
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
      <Select
        label="With"
        placeholder="Type a name"
        data-autofocus
        searchable
        data={people.map((person) => person.username).filter((username) => !known.has(username))}
        value={who}
        onChange={setWho}
        nothingFoundMessage="Nobody else of that name"
        renderOption={({ option }) => <Person name={option.value} />}
        limit={50}
      />
      <Checkbox
        label="May ask for control"
        description="You answer each time; until then they only look."
        checked={control}
        onChange={(event) => setControl(event.currentTarget.checked)}
      />
    </FormDialog>
  );
}
