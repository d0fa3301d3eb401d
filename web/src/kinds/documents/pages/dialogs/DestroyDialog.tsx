import type { DocumentFile } from "../../../../api/types";
import { FormDialog } from "../../../../overlays/FormDialog";
import { destroy } from "../../requests";
import { visible } from "../../../../ui/names";

export function DestroyDialog({ file, onClose }: { file: DocumentFile; onClose: () => void }) {
  return (
    <FormDialog
      title="Delete it for good?"
      submit="Delete for good"
      danger
      onClose={onClose}
      onSubmit={async () => {
        await destroy(file.id);
        return `${file.name} is gone for good`;
      }}
    >
      <p style={{ margin: 0, overflowWrap: "anywhere" }}>
        <strong>{visible(file.logical_path)}</strong> goes with all its versions. Nobody can bring it back. That it was
        there, and who deleted it, stays in the log.
      </p>
    </FormDialog>
  );
}
