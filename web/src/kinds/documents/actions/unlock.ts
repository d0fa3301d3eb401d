import { IconLockOpen } from "@tabler/icons-react";
import type { DocumentFile } from "../../../api/types";
import { complain, say } from "../../../ui/toast";
import type { Hold } from "../hold";
import { unlockFile } from "../requests";
import { refusalOf, type RowAction } from "./context";

export const unlock: RowAction = {
  name: "unlock",
  label: "Unlock",
  Icon: IconLockOpen,
  keys: ["r"],
  refusal: (row, context) =>
    row.type === "file" && context.holdOf(row.file)?.holder === context.me ? refusalOf(row, "lock", context) : undefined,
  run: (row, { holdOf }) => row.type === "file" && void unlockNow(row.file, holdOf(row.file)),
};

async function unlockNow(file: DocumentFile, hold: Hold | null): Promise<void> {
  try {
    await unlockFile(file.id, hold?.claim ?? null);
    say(`Unlocked ${file.name}`);
  } catch (error) {
    complain(error);
  }
}
