import { Textarea } from "@mantine/core";
import { useState } from "react";
import type { DocumentFile } from "../../../../api/types";
import { FormDialog } from "../../../../overlays/FormDialog";
import { describe } from "../../requests";
import { PathText } from "../../../../ui/PathText";

export function descriptionOf(file: DocumentFile): string {
  const { description } = file.tags as { description?: unknown };
  return typeof description === "string" ? description : "";
}

export function DescribeDialog({ file, onClose }: { file: DocumentFile; onClose: () => void }) {
  const [text, setText] = useState(descriptionOf(file));
  return (
    <FormDialog
      title="Describe it"
      submit="Save"
      onClose={onClose}
      onSubmit={async () => {
        await describe(file.id, text.trim());
        return "Saved";
      }}
    >
      <PathText path={file.logical_path} />
      <Textarea
        label="Description"
        data-autofocus
        value={text}
        maxLength={4000}
        autosize
        minRows={3}
        maxRows={12}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
