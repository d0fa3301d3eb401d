import type { ReactNode } from "react";
import classes from "./Charts.module.css";

export interface BarRow {
  name: string;
  value: number;
  /** The value as it is read. */
  text: string;
  before?: ReactNode;
  bad?: boolean;
}

/** Named values as bars from left to right, readable as a list too. */
export function Bars({ label, rows, empty }: { label: string; rows: readonly BarRow[]; empty?: string }) {
  if (rows.length === 0 || (empty && rows.every(({ value }) => value === 0))) return <p className={classes.empty}>{empty}</p>;
  const most = Math.max(...rows.map(({ value }) => value), 1e-9);
  return (
    <ul className={classes.bars} aria-label={label}>
      {rows.map((row) => (
        <li key={row.name}>
          <span className={classes.name}>
            {row.before}
            {row.name}
          </span>
          <span className={classes.text}>{row.text}</span>
          <span className={classes.track} aria-hidden="true">
            <span style={{ width: `${(Math.max(0, row.value) / most) * 100}%` }} data-bad={row.bad || undefined} />
          </span>
        </li>
      ))}
    </ul>
  );
}

export interface Point {
  name: string;
  /** What stands below the column. */
  short: string;
  value: number;
}

/** Values over time as columns. */
export function Columns({ label, points, empty }: { label: string; points: readonly Point[]; empty: string }) {
  if (points.every(({ value }) => value === 0)) return <p className={classes.empty}>{empty}</p>;
  const most = Math.max(...points.map(({ value }) => value), 1);
  return (
    <ol className={classes.columns} aria-label={label}>
      {points.map(({ name, short, value }) => (
        <li key={name} title={`${name}: ${value}`}>
          <span className={classes.value}>{value > 0 && value}</span>
          <span className={classes.column} style={{ height: `${(value / most) * 100}%` }} aria-hidden="true" />
          <span className={classes.when}>{short}</span>
        </li>
      ))}
    </ol>
  );
}
