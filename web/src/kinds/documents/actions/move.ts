import { IconFolderSymlink } from "@tabler/icons-react";
import { refusalOf, type RowAction } from "./context";

export const move: RowAction = {
  name: "move",
  label: "Rename or move…",
  Icon: IconFolderSymlink,
  keys: ["m", "F2"],
  refusal: (row, context) => refusalOf(row, "write", context),
  run: (row, { onAsk }) => onAsk({ name: "move", rows: [row] }),
  bulk: {
    label: "Move…",
    refusal: (rows, context) => rows.map((row) => refusalOf(row, "write", context)).find((one) => one !== null) ?? null,
    run: (rows, { onAsk }) => onAsk({ name: "move", rows: [...rows] }),
  },
};
