import { IconPencil } from "@tabler/icons-react";
import type { RowAction } from "./context";

/** What is said of a file may be changed while somebody else holds it. */
export const describe: RowAction = {
  name: "describe",
  label: "Describe…",
  Icon: IconPencil,
  refusal: (row, { can }) => {
    if (row.type !== "file") return undefined;
    return can.includes("write") ? null : "You may look here, not change.";
  },
  run: (row, { onAsk }) => row.type === "file" && onAsk({ name: "describe", file: row.file }),
};
