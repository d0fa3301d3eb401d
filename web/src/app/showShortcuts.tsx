import { lazyDialog } from "../overlays/lazyDialog";
import { show } from "../overlays/overlays";

const ShortcutsDialog = lazyDialog(() => import("./ShortcutsDialog"));

export function showShortcuts(): void {
  show(<ShortcutsDialog />);
}
