import { Textarea } from "@mantine/core";
import { useState } from "react";
import type { DocumentFile, DocumentVersion } from "../../../../api/types";
import { FormDialog } from "../../../../overlays/FormDialog";
import { approve as approveVersion, reject } from "../../requests";
import { PathText } from "../../../../ui/PathText";

interface Props {
  file: DocumentFile;
  version: DocumentVersion;
  approve: boolean;
  onClose: () => void;
}

export function DecideDialog({ file, version, approve, onClose }: Props) {
  const [comment, setComment] = useState("");
  const name = `version ${version.version_number}`;
  const by = version.created_by_name ?? "somebody";
  return (
    <FormDialog
      title={approve ? `Approve ${name}` : `Reject ${name}`}
      submit={approve ? "Approve" : "Reject"}
      danger={!approve}
      blocked={approve || comment.trim() ? null : `Say why: ${by} will read it.`}
      onClose={onClose}
      onSubmit={async () => {
        await (approve ? approveVersion : reject)(version.id, comment.trim());
        return approve ? `Approved: ${name} of ${file.name} is current now` : `Rejected ${name} of ${file.name}`;
      }}
    >
      <PathText path={file.logical_path} />
      <p style={{ margin: 0 }}>
        {approve
          ? `It becomes what everybody gets who opens the file, in place of version ${file.version}.`
          : `The file stays at version ${file.version}.`}
      </p>
      <Textarea
        label="Comment"
        data-autofocus
        required={!approve}
        value={comment}
        maxLength={4000}
        autosize
        minRows={2}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
