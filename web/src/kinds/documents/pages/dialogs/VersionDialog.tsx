import { Checkbox, FileInput, Textarea } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import type { DocumentFile } from "../../../../api/types";
import { useMe } from "../../../../session/session";
import { FormDialog } from "../../../../overlays/FormDialog";
import type { Hold } from "../../hold";
import { uploads } from "../../uploads/uploads";
import { sizeText } from "../../../../ui/bytes";
import { PathText } from "../../../../ui/PathText";

interface Props {
  file: DocumentFile;
  /** For approval; else it becomes current at once. */
  submit: boolean;
  hold: Hold | null;
  onClose: () => void;
}

export function VersionDialog({ file, submit, hold, onClose }: Props) {
  const me = useMe();
  const [chosen, setChosen] = useState<File | null>(null);
  const [why, setWhy] = useState("");
  const mine = hold?.holder === me.username ? hold : null;
  const [release, setRelease] = useState(true);
  let blocked = chosen ? null : "Choose a file.";
  if (submit && chosen && !why.trim()) blocked = "Say what has changed: whoever decides will read it.";
  return (
    <FormDialog
      title={submit ? "Submit a version for approval" : "New version"}
      submit={submit ? "Submit" : "Upload"}
      blocked={blocked}
      onClose={onClose}
      onSubmit={async () => {
        uploads.add([
          {
            file: chosen!,
            place: { bucket: file.bucket_type, id: file.bucket_id, path: file.logical_path },
            changelog: why.trim(),
            // What one has not seen is not replaced; what waits for approval replaces nothing yet.
            ...(submit ? { submit: true } : { baseVersion: file.version }),
            ...(mine?.claim ? { fence: mine.claim.fence } : {}),
            ...(mine && release && !submit ? { release: true } : {}),
          },
        ]);
        return null;
      }}
    >
      <PathText path={file.logical_path} />
      <FileInput
        label="File"
        placeholder="Choose a file"
        description={chosen ? sizeText(chosen.size) : `Version ${file.version} is current.`}
        leftSection={<IconUpload size={16} aria-hidden />}
        data-autofocus
        required
        clearable
        value={chosen}
        onChange={setChosen}
        clearButtonProps={{ "aria-label": "Another file" }}
      />
      <Textarea
        label={submit ? "What has changed" : "Why"}
        placeholder="Wall thickness 3 mm, as agreed"
        required={submit}
        value={why}
        maxLength={2000}
        autosize
        minRows={2}
        onChange={(event) => setWhy(event.currentTarget.value)}
      />
      {mine && !submit && (
        <Checkbox
          label="Unlock it when the upload is done"
          checked={release}
          onChange={(event) => setRelease(event.currentTarget.checked)}
        />
      )}
      {mine && submit && <p style={{ margin: 0, fontSize: 13 }}>Submitting gives your lock back.</p>}
    </FormDialog>
  );
}
