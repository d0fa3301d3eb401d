import { TextInput } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../../../../overlays/FormDialog";
import { join, nameProblem, type Place } from "../../places";
import { makeFolder } from "../../requests";

export function NewFolderDialog({ folder, onClose }: { folder: Place; onClose: () => void }) {
  const [name, setName] = useState("");
  return (
    <FormDialog
      title="New folder"
      submit="Make it"
      blocked={nameProblem(name)}
      onClose={onClose}
      onSubmit={async () => {
        await makeFolder({ ...folder, path: join(folder.path, name.trim()) });
        return `Made the folder ${name.trim()}`;
      }}
    >
      <TextInput
        label="Name"
        data-autofocus
        required
        value={name}
        maxLength={255}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
