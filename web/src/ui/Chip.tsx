import type { ReactNode } from "react";
import classes from "./ui.module.css";

export function Chip({ children, title, mono = false }: { children: ReactNode; title?: string; mono?: boolean }) {
  return (
    <span className={`${classes.chip}${mono ? " mono" : ""}`} title={title}>
      {children}
    </span>
  );
}
