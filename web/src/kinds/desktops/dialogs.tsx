import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";

const StartDialog = lazyDialog(() => import("./dialogs/StartDialog"));

/** Ask what to start; the configuration may be chosen already. */
export function askToStart(configurationId: number | null = null): void {
  show(<StartDialog configurationId={configurationId} />);
}
