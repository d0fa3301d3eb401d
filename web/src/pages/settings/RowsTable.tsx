import type { ReactNode } from "react";
import classes from "./Settings.module.css";

export interface Column {
  name: string;
  /** Left out on a narrow screen. */
  optional?: boolean;
}

/** A table of one's own things: `children` are its rows, each with one more cell at the end for what can be done. */
export function RowsTable({ columns, children }: { columns: readonly Column[]; children: ReactNode }) {
  return (
    <table className={classes.keyTable}>
      <thead>
        <tr>
          {columns.map(({ name, optional }) => (
            <th key={name} className={optional ? classes.optional : undefined}>
              {name}
            </th>
          ))}
          <th>
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
