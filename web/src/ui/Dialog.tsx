import { Drawer, Menu, Modal, type DrawerProps, type MenuDropdownProps, type ModalProps } from "@mantine/core";
import type { RefObject } from "react";
import { FocusInside } from "./FocusInside";

type Open<Props> = Omit<Props, "opened">;

// What opens over a page. Each has the keyboard as soon as it is there, and gives it back when it goes.

export function Dialog({ children, ...props }: Open<ModalProps>) {
  return (
    <Modal opened closeButtonProps={{ "aria-label": "Close" }} {...props}>
      {children}
      <FocusInside />
    </Modal>
  );
}

export function SideDialog({ children, ...props }: Open<DrawerProps>) {
  return (
    <Drawer opened closeButtonProps={{ "aria-label": "Close" }} {...props}>
      {children}
      <FocusInside read />
    </Drawer>
  );
}

/** What a menu opens. */
export function MenuDropdown({ children, opener, ...props }: MenuDropdownProps & { opener?: RefObject<HTMLElement | null> }) {
  return (
    <Menu.Dropdown {...props}>
      {children}
      <FocusInside opener={opener} read />
    </Menu.Dropdown>
  );
}
