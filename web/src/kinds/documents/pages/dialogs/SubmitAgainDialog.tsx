import { Textarea } from "@mantine/core";
import { useState } from "react";
import type { DocumentFile, DocumentVersion } from "../../../../api/types";
import { FormDialog } from "../../../../overlays/FormDialog";
import { submitAgain } from "../../requests";
import { PathText } from "../../../../ui/PathText";

interface Props {
  file: DocumentFile;
  version: DocumentVersion;
  onClose: () => void;
}

export function SubmitAgainDialog({ file, version, onClose }: Props) {
  const [why, setWhy] = useState(`Version ${version.version_number} again`);
  return (
    <FormDialog
      title={`Submit version ${version.version_number} again`}
      submit="Submit"
      blocked={why.trim() ? null : "Say why: whoever decides will read it."}
      onClose={onClose}
      onSubmit={async () => {
        await submitAgain(file.id, version.object_key, why.trim());
        return "It waits for approval now";
      }}
    >
      <PathText path={file.logical_path} />
      <Textarea
        label="Why"
        data-autofocus
        required
        value={why}
        maxLength={2000}
        autosize
        minRows={2}
        onChange={(event) => setWhy(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
