import { Textarea } from "@mantine/core";
import { useState } from "react";
import type { DocumentFile } from "../../../../api/types";
import { FormDialog } from "../../../../overlays/FormDialog";
import { Subject } from "../../../../claims/dialogs/Subject";
import type { Hold } from "../../hold";
import { unlockFile } from "../../requests";

interface Props {
  file: DocumentFile;
  hold: Hold | null;
  onClose: () => void;
}

export function ForceUnlockDialog({ file, hold, onClose }: Props) {
  // Whose lock it was when the question came up: it may end while it is read.
  const [asked] = useState(hold);
  const [reason, setReason] = useState("");
  const holder = asked?.holder ?? "whoever holds it";
  return (
    <FormDialog
      title="End somebody's lock"
      submit={`Take it from ${holder}`}
      danger
      blocked={reason.trim() ? null : "Say why: it is kept in the log."}
      onClose={onClose}
      onSubmit={async () => {
        await unlockFile(file.id, asked?.claim ?? null, { reason: reason.trim() });
        return `${file.name} is free`;
      }}
    >
      {asked?.claim && <Subject claim={asked.claim} />}
      <Textarea
        label="Reason"
        data-autofocus
        required
        placeholder="On leave, needed for tonight's release"
        value={reason}
        maxLength={2000}
        autosize
        minRows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
