import { IconSend } from "@tabler/icons-react";
import { refusalOf, type RowAction } from "./context";

/** A version that somebody must approve. In one's own files there is nobody to ask. */
export const submit: RowAction = {
  name: "submit",
  label: "Submit for approval…",
  Icon: IconSend,
  refusal: (row, context) =>
    row.type === "file" && row.file.bucket_type !== "users" ? refusalOf(row, "write", context) : undefined,
  run: (row, { onAsk }) => row.type === "file" && onAsk({ name: "version", file: row.file, submit: true }),
};
