import { ExtendDialog } from "../claims/dialogs/ExtendDialog";
import { ForceReleaseDialog } from "../claims/dialogs/ForceReleaseDialog";
import { HandOverDialog } from "../claims/dialogs/HandOverDialog";
import { LockDialog } from "../claims/dialogs/LockDialog";
import { NotifyDialog } from "../claims/dialogs/NotifyDialog";
import { ReleaseDialog } from "../claims/dialogs/ReleaseDialog";
import { WaitDialog } from "../claims/dialogs/WaitDialog";
import type { Overlay } from "./overlays";
import { Palette } from "./Palette";
import { ShortcutsDialog } from "./ShortcutsDialog";

export default function Overlays({ overlay }: { overlay: Overlay }) {
  switch (overlay.name) {
    case "palette":
      return <Palette given={overlay.text} />;
    case "shortcuts":
      return <ShortcutsDialog />;
    case "lock":
      return <LockDialog path={overlay.path} project={overlay.project} />;
    case "extend":
      return <ExtendDialog claim={overlay.claim} />;
    case "hand-over":
      return <HandOverDialog claim={overlay.claim} />;
    case "notify":
      return <NotifyDialog claim={overlay.claim} />;
    case "wait":
      return <WaitDialog claim={overlay.claim} />;
    case "release":
      return <ReleaseDialog claims={overlay.claims} />;
    case "force-release":
      return <ForceReleaseDialog claims={overlay.claims} />;
  }
}
