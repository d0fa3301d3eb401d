import type { ReactNode } from "react";
import { SideDialog } from "../../../ui/Dialog";

export default function FolderDrawer({ children, onClose }: { children: ReactNode; onClose: () => void }) {
  return (
    <SideDialog onClose={onClose} title="Folders" size={300}>
      {children}
    </SideDialog>
  );
}
