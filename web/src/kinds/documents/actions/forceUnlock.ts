import { IconShieldX } from "@tabler/icons-react";
import type { RowAction } from "./context";

/** Offered where the server says that the person may; where only the file's row tells of a lock, the server decides. */
export const forceUnlock: RowAction = {
  name: "force-unlock",
  label: "End the lock…",
  Icon: IconShieldX,
  danger: true,
  refusal: (row, { me, holdOf }) => {
    const hold = row.type === "file" ? holdOf(row.file) : null;
    if (!hold || hold.holder === me) return undefined;
    return hold.claim && !hold.claim.can.force_release ? undefined : null;
  },
  run: (row, { onAsk }) => row.type === "file" && onAsk({ name: "force-unlock", file: row.file }),
};
