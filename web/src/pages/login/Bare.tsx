import type { ReactNode } from "react";
import { basePath } from "../../api/base";
import classes from "./Bare.module.css";

/** A page outside the frame: one card in the middle. */
export function Bare({ title, children, foot }: { title: string; children: ReactNode; foot?: ReactNode }) {
  return (
    <main className={classes.page}>
      <div className={classes.column}>
        <div className={classes.brand}>
          <img src={`${basePath()}favicon.svg`} alt="" width={40} height={40} />
          <div>
            <div className={classes.name}>Toolcrib</div>
            <div className={classes.claim}>Who holds what, until when.</div>
          </div>
        </div>
        <div className={`panel ${classes.card}`}>
          <h1 className={classes.title}>{title}</h1>
          {children}
        </div>
        {foot && <p className={classes.foot}>{foot}</p>}
      </div>
    </main>
  );
}
