import { Autocomplete, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queryClient } from "../../../../api/queries";
import { FormDialog } from "../../../../overlays/FormDialog";
import { join, nameProblem, parentOf, pathProblem, type Bucket } from "../../places";
import { folderQuery } from "../../queries";
import type { Row } from "../../rows";
import { moveFile, moveFolder } from "../../requests";
import { visible } from "../../../../ui/names";

const TOP = "";

/** Another name, another folder, or both; for several, another folder. Ids, history and locks stay. */
export function MoveDialog({ bucket, rows, onClose }: { bucket: Bucket; rows: Row[]; onClose: () => void }) {
  const only = rows.length === 1 ? rows[0]! : null;
  const [name, setName] = useState(only?.name ?? "");
  const [folder, setFolder] = useState(parentOf(rows[0]!.path));
  const cleaned = folder.split("/").filter(Boolean).join("/");
  const { data: there } = useQuery({ ...folderQuery({ ...bucket, path: parentOf(cleaned) }), staleTime: 60_000 });
  const targetOf = (row: Row): string => join(cleaned, only ? name.trim() : row.name);

  let blocked = only ? nameProblem(name) : null;
  blocked ??= cleaned ? pathProblem(cleaned) : null;
  if (!blocked && rows.every((row) => targetOf(row) === row.path)) blocked = "That is where it is now.";
  if (!blocked && rows.some((row) => row.type === "folder" && `${targetOf(row)}/`.startsWith(`${row.path}/`) && targetOf(row) !== row.path)) {
    blocked = "A folder cannot move into itself.";
  }

  return (
    <FormDialog
      title={only ? "Rename or move" : `Move ${rows.length} things`}
      submit={only && cleaned === parentOf(only.path) ? "Rename" : "Move"}
      blocked={blocked}
      onClose={onClose}
      onSubmit={async () => {
        for (const row of rows) {
          const target = targetOf(row);
          if (target === row.path) continue;
          const place = { bucket: bucket.bucket, id: bucket.id, path: row.path };
          await (row.type === "folder" ? moveFolder : moveFile)(place, target);
        }
        await queryClient.invalidateQueries({ queryKey: ["documents"] });
        return only ? `It is ${targetOf(only)} now` : `Moved ${rows.length} things to ${cleaned || "the top"}`;
      }}
    >
      {only ? (
        <TextInput
          label="Name"
          data-autofocus
          required
          value={name}
          maxLength={255}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      ) : (
        <p style={{ margin: 0, overflowWrap: "anywhere" }}>
          {rows
            .slice(0, 5)
            .map((row) => visible(row.name))
            .join(", ")}
          {rows.length > 5 && ` and ${rows.length - 5} more`}
        </p>
      )}
      <Autocomplete
        label="Folder"
        description="From the top of this place; leave it empty for the top itself. A new folder is made."
        placeholder="Top"
        {...(only ? {} : { "data-autofocus": true })}
        value={folder}
        maxLength={1024}
        data={[TOP, ...(there?.folders.map((one) => one.path) ?? [])].filter(Boolean)}
        limit={50}
        onChange={setFolder}
      />
    </FormDialog>
  );
}
