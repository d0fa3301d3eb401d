import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import { useReturnFocus } from "../../../ui/useReturnFocus";

export default function FolderDrawer({ children, onClose }: { children: ReactNode; onClose: () => void }) {
  useReturnFocus();
  return (
    <Drawer opened onClose={onClose} title="Folders" size={300} closeButtonProps={{ "aria-label": "Close" }}>
      {children}
    </Drawer>
  );
}
