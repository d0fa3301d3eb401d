import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import classes from "./Desktops.module.css";

interface TableProps {
  title: string;
  /** What adds one, and what that is called. */
  add: string;
  onAdd: () => void;
  query: { data?: readonly unknown[] | undefined; isPending: boolean; error: Error | null; refetch: () => Promise<unknown> };
  /** What stands there while there are none. */
  none: string;
  columns: readonly string[];
  /** Its rows, each with `RowButtons` at the end. */
  children: ReactNode;
}

/** One list of what administrators set up. */
export function SetupTable({ title, add, onAdd, query, none, columns, children }: TableProps) {
  return (
    <section>
      <div className={classes.sectionHead}>
        <h2 className={classes.subhead}>{title}</h2>
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={onAdd}>
          {add}
        </Button>
      </div>
      <ListState query={query} />
      {query.data?.length === 0 && <p className={classes.quiet}>{none}</p>}
      {query.data && query.data.length > 0 && (
        <div className={`panel ${classes.scroll}`}>
          <table className={classes.rows} aria-label={title}>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
                <th>
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>{children}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

interface ButtonsProps {
  name: string;
  /** What changes it, and how that begins where its name follows: "Access to data1". */
  change: string;
  changeLabel: string;
  onChange: () => void;
  onRemove: () => void;
}

export function RowButtons({ name, change, changeLabel, onChange, onRemove }: ButtonsProps) {
  return (
    <td>
      <div className={classes.rowButtons}>
        <Button size="compact-xs" variant="default" onClick={onChange} aria-label={`${changeLabel} ${visible(name)}`}>
          {change}
        </Button>
        <Button size="compact-xs" variant="default" onClick={onRemove} aria-label={`Remove ${visible(name)}`}>
          Remove
        </Button>
      </div>
    </td>
  );
}
