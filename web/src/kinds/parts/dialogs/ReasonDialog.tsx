import { Textarea } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { takeNews } from "../actions/context";
import type { Part } from "../types";
import { Subject } from "./Subject";

export interface ReasonQuestion {
  title: string;
  label: string;
  description?: string;
  placeholder?: string;
  submit: string;
  /** What is told afterwards. */
  done: string;
  danger?: boolean;
  /** It may be left empty. */
  optional?: boolean;
  send: (reason: string) => Promise<Part>;
}

/** Asks why, and does it. */
export default function ReasonDialog({ part, ...question }: ReasonQuestion & { part: Part }) {
  const [reason, setReason] = useState("");
  const blocked = !question.optional && !reason.trim() ? "Say why." : null;
  return (
    <FormDialog
      title={question.title}
      submit={question.submit}
      danger={question.danger}
      blocked={blocked}
      onSubmit={async () => {
        try {
          await question.send(reason.trim());
        } catch (error) {
          takeNews(error);
          throw error;
        }
        return question.done;
      }}
    >
      <Subject part={part} />
      <Textarea
        label={question.label}
        description={question.description}
        placeholder={question.placeholder}
        data-autofocus
        required={!question.optional}
        value={reason}
        maxLength={500}
        autosize
        minRows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
