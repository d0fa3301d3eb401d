import { FormDialog } from "../../../overlays/FormDialog";
import { remove } from "../requests";
import type { Part } from "../types";
import { titleOf } from "../words";
import { Subject } from "./Subject";

export default function RemoveDialog({ part, onRemoved }: { part: Part; onRemoved: () => void }) {
  return (
    <FormDialog
      title="Delete the part"
      submit="Delete for good"
      danger
      onSubmit={async () => {
        await remove(part);
        onRemoved();
        return `Deleted ${titleOf(part)}`;
      }}
    >
      <Subject part={part} />
      <p style={{ margin: 0 }}>Its files, all revisions, and what was counted go with it. There is no way back.</p>
    </FormDialog>
  );
}
