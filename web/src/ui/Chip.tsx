import type { ReactNode } from "react";
import classes from "./ui.module.css";

interface Props {
  children: ReactNode;
  title?: string;
  mono?: boolean;
  /** A name that nothing stands behind. */
  loose?: boolean;
}

export function Chip({ children, title, mono = false, loose = false }: Props) {
  return (
    <span className={`${classes.chip}${mono ? " mono" : ""}`} title={title} data-loose={loose || undefined}>
      {children}
    </span>
  );
}
