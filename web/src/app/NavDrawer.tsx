import { Drawer } from "@mantine/core";
import { Navigation } from "./Navigation";
import { useReturnFocus } from "../ui/useReturnFocus";

export default function NavDrawer({ onClose }: { onClose: () => void }) {
  useReturnFocus();
  return (
    <Drawer
      opened
      onClose={onClose}
      title="Toolcrib"
      size={280}
      closeButtonProps={{ "aria-label": "Close the menu" }}
    >
      <nav aria-label="Menu">
        <Navigation onGo={onClose} />
      </nav>
    </Drawer>
  );
}
