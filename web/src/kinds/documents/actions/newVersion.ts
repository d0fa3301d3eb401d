import { IconUpload } from "@tabler/icons-react";
import { refusalOf, type RowAction } from "./context";

export const newVersion: RowAction = {
  name: "version",
  label: "New version…",
  Icon: IconUpload,
  keys: ["v"],
  refusal: (row, context) => (row.type === "file" ? refusalOf(row, "write", context) : undefined),
  run: (row, { onAsk }) => row.type === "file" && onAsk({ name: "version", file: row.file, submit: false }),
};
