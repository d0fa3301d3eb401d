import { Navigation } from "./Navigation";
import { SideDialog } from "../ui/Dialog";

export default function NavDrawer({ onClose }: { onClose: () => void }) {
  return (
    <SideDialog
      onClose={onClose}
      title="Toolcrib"
      size={280}
      closeButtonProps={{ "aria-label": "Close the menu" }}
    >
      <nav aria-label="Menu">
        <Navigation onGo={onClose} />
      </nav>
    </SideDialog>
  );
}
