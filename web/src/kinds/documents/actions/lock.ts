import { IconLock } from "@tabler/icons-react";
import { refusalOf, type RowAction } from "./context";

export const lock: RowAction = {
  name: "lock",
  label: "Lock…",
  Icon: IconLock,
  keys: ["l"],
  refusal: (row, context) =>
    row.type === "file" && !context.holdOf(row.file) ? refusalOf(row, "lock", context) : undefined,
  run: (row, { onAsk }) => row.type === "file" && onAsk({ name: "lock", file: row.file }),
};
