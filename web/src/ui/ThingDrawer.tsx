import type { ReactNode } from "react";
import { CopyButton } from "./CopyLine";
import { SideDialog } from "./Dialog";
import { visible } from "./names";
import classes from "./ThingDrawer.module.css";

interface Props {
  title: ReactNode;
  /** Before the title. */
  icon?: ReactNode;
  monospaced?: boolean;
  size?: number;
  /** Something lies over the drawer: Escape is meant for that. */
  covered?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** All about one thing, beside the list it was opened from. */
export function ThingDrawer({ title, icon, monospaced, size = 460, covered = false, onClose, children }: Props) {
  return (
    <SideDialog
      onClose={onClose}
      position="right"
      size={size}
      closeOnEscape={!covered}
      title={
        <span className={classes.title} data-monospaced={monospaced || undefined}>
          {icon && <span className={classes.icon}>{icon}</span>}
          <bdi>{title}</bdi>
        </span>
      }
    >
      {children}
    </SideDialog>
  );
}

/** The whole name of the thing, to copy. */
export function WholeName({ name }: { name: string }) {
  return (
    <div className={classes.name}>
      <span className="mono">{visible(name)}</span>
      <CopyButton text={name} />
    </div>
  );
}
