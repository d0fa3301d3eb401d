import { FormDialog } from "../../../overlays/FormDialog";
import { keptText, shortName } from "../states";
import type { Desktop } from "../types";

interface Props {
  desktop: Desktop;
  onSubmit: () => Promise<void>;
}

export function StopDialog({ desktop, onSubmit }: Props) {
  const name = shortName(desktop.name);
  const goes = !desktop.persistent_home;
  return (
    <FormDialog
      title={`Stop ${name}`}
      submit={goes ? "Stop and delete it" : "Stop"}
      danger={goes}
      onSubmit={async () => {
        await onSubmit();
        return `${name} stops`;
      }}
    >
      <p style={{ margin: 0 }}>
        All programs in it are ended; {keptText(desktop)}.{goes && " It was made without a persistent home, so it goes for good."}
      </p>
    </FormDialog>
  );
}
