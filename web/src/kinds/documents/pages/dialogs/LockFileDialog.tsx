import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { DocumentFile } from "../../../../api/types";
import { FormDialog } from "../../../../overlays/FormDialog";
import { EndPicker, endProblem } from "../../../../claims/dialogs/EndPicker";
import { lockFile } from "../../requests";
import { PathText } from "../../../../ui/PathText";
import { fromLocalInput } from "../../../../ui/time";

/** While one holds a file, nobody else changes, moves or deletes it. */
export function LockFileDialog({ file, onClose }: { file: DocumentFile; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [type, setType] = useState("edit");
  const [end, setEnd] = useState("");
  return (
    <FormDialog
      title="Lock"
      submit="Lock it"
      blocked={endProblem(end)}
      onClose={onClose}
      onSubmit={async () => {
        await lockFile(file.id, { reason: reason.trim(), type, expiresAt: fromLocalInput(end) });
        return `You hold ${file.name}`;
      }}
    >
      <PathText path={file.logical_path} />
      <TextInput
        label="Reason"
        placeholder="What you are doing with it"
        data-autofocus
        value={reason}
        maxLength={2000}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <NativeSelect
        label="What for"
        data={[
          { value: "edit", label: "Editing" },
          { value: "review", label: "Reviewing" },
          { value: "admin", label: "Administration" },
        ]}
        value={type}
        onChange={(event) => setType(event.currentTarget.value)}
      />
      <EndPicker label="Hold it until" value={end} onChange={setEnd} />
    </FormDialog>
  );
}
