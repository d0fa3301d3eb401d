import { Textarea } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";

interface Props {
  title: string;
  /** What follows from it. */
  note: string;
  placeholder: string;
  submit: string;
  danger?: boolean;
  required?: boolean;
  /** Does it; answers with what to tell the person afterwards. */
  onSubmit: (reason: string) => Promise<string>;
}

/** Something for which a reason is kept in the log. */
export function ReasonDialog({ title, note, placeholder, submit, danger = false, required = false, onSubmit }: Props) {
  const [reason, setReason] = useState("");
  return (
    <FormDialog
      title={title}
      submit={submit}
      danger={danger}
      blocked={required && !reason.trim() ? "Say why: it is kept in the log." : null}
      onSubmit={() => onSubmit(reason.trim())}
    >
      <p style={{ margin: 0 }}>{note}</p>
      <Textarea
        label="Reason"
        data-autofocus
        required={required}
        placeholder={placeholder}
        value={reason}
        maxLength={2000}
        autosize
        minRows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
