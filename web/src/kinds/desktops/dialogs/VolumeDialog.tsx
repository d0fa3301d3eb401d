import { Checkbox, TagsInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../../../api/queries";
import { FormDialog } from "../../../overlays/FormDialog";
import { makeVolume, setVolumeAccess } from "../requests";
import type { Volume } from "../types";

/** A new volume, or who may use one. */
export function VolumeDialog({ volume }: { volume?: Volume }) {
  const { data: people = [] } = useQuery(peopleQuery);
  const [name, setName] = useState(volume?.name ?? "");
  const [size, setSize] = useState(volume?.size ?? "10Gi");
  const [isPublic, setPublic] = useState(volume?.is_public ?? false);
  const [exclusive, setExclusive] = useState(volume?.exclusive ?? false);
  const [users, setUsers] = useState(volume?.allowed_users ?? []);
  return (
    <FormDialog
      title={volume ? `Who may use ${volume.name}` : "New volume"}
      submit={volume ? "Save" : "Add"}
      blocked={!name.trim() ? "Type a name." : !size.trim() ? "Say how large." : null}
      onSubmit={async () => {
        if (volume) await setVolumeAccess(volume.id, isPublic, users);
        else await makeVolume({ name: name.trim(), size: size.trim(), is_public: isPublic, exclusive, allowed_users: users });
        return volume ? `Changed ${name}` : `${name.trim()} is being made`;
      }}
    >
      {!volume && (
        <>
          <TextInput label="Name" required data-autofocus autoComplete="off" spellCheck={false} value={name} maxLength={253} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput label="Size" required description="10Gi, 500Mi" autoComplete="off" spellCheck={false} value={size} maxLength={20} onChange={(event) => setSize(event.currentTarget.value)} />
          <Checkbox label="One running desktop at a time" checked={exclusive} onChange={(event) => setExclusive(event.currentTarget.checked)} />
        </>
      )}
      <Checkbox label="Everybody may use it" checked={isPublic} onChange={(event) => setPublic(event.currentTarget.checked)} />
      {!isPublic && <TagsInput label="Who may use it" placeholder="Type a name" data={people.map((person) => person.username)} value={users} onChange={setUsers} />}
    </FormDialog>
  );
}
