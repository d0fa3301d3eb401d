import type { ComponentType, ReactNode } from "react";
import type { IconProps } from "./icon";
import classes from "./ui.module.css";

/** Nothing here, and what to do next. */
export function Empty({
  Icon,
  title,
  children,
  action,
}: {
  Icon: ComponentType<IconProps>;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={classes.empty}>
      <span className={classes.emptyIcon}>
        <Icon size={26} stroke={1.6} aria-hidden />
      </span>
      <h2 className={classes.emptyTitle}>{title}</h2>
      {children && <p className={classes.emptyText}>{children}</p>}
      {action}
    </div>
  );
}
