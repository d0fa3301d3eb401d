import { IconLockOpen } from "@tabler/icons-react";
import type { DocumentFile } from "../../../api/types";
import { releaseSoon } from "../../../claims/releasing";
import { doLater } from "../../../ui/later";
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
  run: (row, { holdOf }) => row.type === "file" && unlockSoon(row.file, holdOf(row.file)),
};

function unlockSoon(file: DocumentFile, hold: Hold | null): void {
  const claim = hold?.claim ?? null;
  const send = (): Promise<void> => unlockFile(file.id, claim);
  if (claim) releaseSoon(claim, send, "Unlocked");
  else doLater(`Unlocked ${file.name}`, send, () => undefined);
}
