import { IconTrash } from "@tabler/icons-react";
import { api } from "../../../api/client";
import { queryClient } from "../../../api/queries";
import type { DocumentFile } from "../../../api/types";
import { complain, say, sayWithUndo } from "../../../ui/toast";
import { restore } from "../requests";
import { refusalOf, type RowAction } from "./context";

export const remove: RowAction = {
  name: "delete",
  label: "Delete",
  Icon: IconTrash,
  keys: ["Delete"],
  refusal: (row, context) => refusalOf(row, "delete", context),
  run: (row, { onAsk }) => {
    if (row.type === "folder") onAsk({ name: "remove-folder", row });
    else void deleteNow([row.file]);
  },
  bulk: {
    label: "Delete",
    refusal: (rows, context) => {
      if (rows.some((row) => row.type === "folder")) return "Folders are deleted one by one.";
      return rows.map((row) => refusalOf(row, "delete", context)).find((one) => one !== null) ?? null;
    },
    run: (rows) => {
      void deleteNow(rows.flatMap((row) => (row.type === "file" ? [row.file] : [])));
      return true;
    },
  },
};

/** Deletes at once, with a way back: that is quicker than a question, and as safe. */
async function deleteNow(files: readonly DocumentFile[]): Promise<void> {
  const gone: string[] = [];
  try {
    for (const file of files) {
      await api("storage/delete", { method: "DELETE", json: { file_id: file.id } });
      gone.push(file.id);
    }
  } catch (error) {
    complain(error);
  }
  await queryClient.invalidateQueries({ queryKey: ["documents"] });
  if (gone.length === 0) return;
  sayWithUndo(gone.length === 1 ? `Deleted ${files[0]!.name}` : `Deleted ${gone.length} files`, async () => {
    await restore(gone);
    say(gone.length === 1 ? `${files[0]!.name} is back` : `${gone.length} files are back`);
  });
}
