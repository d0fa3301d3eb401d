import { FormDialog } from "../../../overlays/FormDialog";
import { remove } from "../requests";
import { shortName } from "../states";
import type { Desktop } from "../types";

export function RemoveDialog({ desktop }: { desktop: Desktop }) {
  const name = shortName(desktop.name);
  return (
    <FormDialog
      title={`Delete ${name}`}
      submit="Delete it"
      danger
      onSubmit={async () => {
        await remove(desktop.name);
        return `${name} is being deleted`;
      }}
    >
      <p style={{ margin: 0 }}>
        The desktop{desktop.persistent_home && " and everything in its home"} is gone for good.
        {desktop.volume && ` The volume ${desktop.volume} stays as it is.`}
      </p>
    </FormDialog>
  );
}
