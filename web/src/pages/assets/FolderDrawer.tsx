import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";

export default function FolderDrawer({ children, onClose }: { children: ReactNode; onClose: () => void }) {
  return (
    <Drawer opened onClose={onClose} title="Folders" size={300} closeButtonProps={{ "aria-label": "Close" }}>
      {children}
    </Drawer>
  );
}
