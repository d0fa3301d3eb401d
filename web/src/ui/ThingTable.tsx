import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { memo, useCallback, type ReactNode, type Ref } from "react";
import { useFittedColumns } from "./fitColumns";
import { visible } from "./names";
import classes from "./ThingTable.module.css";
import { useNarrow } from "./useNarrow";
import type { Selection } from "./useSelection";
import { VirtualList, type ListHandle } from "./VirtualList";

export interface Column<Item> {
  label: string;
  /** What the sort order is called; missing where one cannot sort by it. */
  by?: string;
  cell: (item: Item) => ReactNode;
  /** "name" is what the row is called; "quiet" and "number" are one line of grey text, a number at the right. */
  look?: "name" | "quiet" | "number";
  /** Long texts, which are cut before short names are. So is the name of the row. */
  gives?: boolean;
  /** Of the cell, for what is this table's own. */
  className?: string | undefined;
  title?: (item: Item) => string | undefined;
}

interface Props<Item> {
  label: string;
  items: readonly Item[];
  idOf: (item: Item) => string;
  nameOf: (item: Item) => string;
  /** Must be the same from one drawing to the next, or every row is drawn again. */
  columns: readonly Column<Item>[];
  /** Gives the widths (`grid-template-columns`): the box to tick, the columns, the menu. */
  gridClass: string | undefined;
  headHeight?: number;
  /** The row on a phone, instead of the columns. */
  card: (item: Item) => ReactNode;
  /** A row that is no thing but a heading over the whole width; null for a thing. */
  heading?: (item: Item) => ReactNode | null;
  heightOf: (item: Item, narrow: boolean) => number;
  /** What stands at the end of the row: its menu, and buttons before it. */
  menu: (item: Item) => ReactNode;
  isMine?: (item: Item) => boolean;
  rowClass?: (item: Item) => string | undefined;
  /** Whether two items look the same, where the same thing may come as another object. */
  same?: (a: Item, b: Item) => boolean;
  /** Missing where nothing can be selected. */
  selection?: Selection<Item>;
  /** "path", "-path": the column it is sorted by, with a minus for downwards. */
  sort?: string;
  onSort?: (sort: string) => void;
  onOpen: (item: Item) => void;
  /** A key pressed on a row; true when it meant something. */
  onKey?: (key: string, item: Item) => boolean;
  handle?: Ref<ListHandle>;
}

/** Things in rows, any number of them: to sort, to select, to go through with the keyboard, to open. */
export function ThingTable<Item>(props: Props<Item>) {
  const { items, idOf, heightOf, selection } = props;
  const narrow = useNarrow();
  const height = useCallback((item: Item) => heightOf(item, narrow), [heightOf, narrow]);
  const Row = narrow ? Card : WideRow;
  return (
    <VirtualList
      handle={props.handle}
      label={props.label}
      items={items}
      heightOf={height}
      idOf={idOf}
      head={narrow ? undefined : <Head {...props} />}
      headHeight={narrow ? 0 : (props.headHeight ?? 36)}
      isSelected={selection?.has}
      rowClass={(item) => `${props.isMine?.(item) ? classes.mine : ""} ${props.rowClass?.(item) ?? ""}`}
      render={(item) =>
        props.heading?.(item) ?? (
          <Row
            item={item as never}
            name={props.nameOf(item)}
            columns={props.columns}
            gridClass={props.gridClass}
            card={props.card}
            menu={props.menu}
            selected={selection?.has(item) ?? false}
            onToggle={selection?.toggle}
            same={props.same}
          />
        )
      }
      onOpen={props.onOpen}
      onKey={(key, item) => {
        if (selection && (key === " " || key === "x")) {
          selection.toggle(item);
          return true;
        }
        return props.onKey?.(key, item) ?? false;
      }}
    />
  );
}

function Head<Item>({ items, columns, gridClass, selection, sort, onSort }: Props<Item>) {
  const chosen = selection?.chosen.length ?? 0;
  return (
    <div role="row" aria-rowindex={1} className={`${classes.grid} ${gridClass}`}>
      {selection && (
        <span role="columnheader" className={classes.check}>
          <input
            type="checkbox"
            className={classes.box}
            checked={chosen > 0 && chosen === items.length}
            ref={(box) => {
              if (box) box.indeterminate = chosen > 0 && chosen < items.length;
            }}
            onChange={selection.toggleAll}
            aria-label="Select all shown"
          />
        </span>
      )}
      {columns.map(({ by, label, look }) => {
        if (by === undefined) {
          return (
            <span key={label} role="columnheader" className={classes.plainHead}>
              {label}
            </span>
          );
        }
        const up = sort === by;
        const down = sort === `-${by}`;
        return (
          <span
            key={label}
            role="columnheader"
            aria-sort={up ? "ascending" : down ? "descending" : "none"}
            className={look === "number" ? classes.numberHead : classes.head}
          >
            <button type="button" className={classes.sort} onClick={() => onSort?.(up ? `-${by}` : by)}>
              {label}
              {up && <IconArrowUp size={13} aria-hidden />}
              {down && <IconArrowDown size={13} aria-hidden />}
            </button>
          </span>
        );
      })}
      <span role="columnheader">
        <span className="visually-hidden">Actions</span>
      </span>
    </div>
  );
}

interface RowProps {
  item: never;
  name: string;
  columns: readonly Column<never>[];
  gridClass: string | undefined;
  card: (item: never) => ReactNode;
  menu: (item: never) => ReactNode;
  selected: boolean;
  onToggle: ((item: never) => void) | undefined;
  same: ((a: never, b: never) => boolean) | undefined;
}

function sameRow(a: RowProps, b: RowProps): boolean {
  return (
    (a.same?.(a.item, b.item) ?? a.item === b.item) &&
    a.columns === b.columns &&
    a.card === b.card &&
    a.menu === b.menu &&
    a.selected === b.selected &&
    a.onToggle === b.onToggle
  );
}

const WideRow = memo(function WideRow({ item, name, columns, gridClass, menu, selected, onToggle }: RowProps) {
  const row = useFittedColumns();
  return (
    <div ref={row} className={`${classes.grid} ${gridClass}`} role="presentation">
      {onToggle && (
        <span role="cell" className={classes.check}>
          <input
            type="checkbox"
            className={classes.box}
            checked={selected}
            onChange={() => onToggle(item)}
            aria-label={`Select ${visible(name)}`}
          />
        </span>
      )}
      {columns.map(({ label, cell, look, gives, className, title }) => (
        <span
          key={label}
          role="cell"
          className={`${look ? classes[look] : classes.cell} ${className ?? ""}`}
          data-gives={gives || look === "name" || undefined}
          title={title?.(item)}
        >
          {cell(item)}
        </span>
      ))}
      <span role="cell" className={classes.actions}>
        {menu(item)}
      </span>
    </div>
  );
}, sameRow);

const Card = memo(function Card({ item, card, menu }: RowProps) {
  return (
    <div className={classes.card} role="cell">
      <div className={classes.cardText}>{card(item)}</div>
      {menu(item)}
    </div>
  );
}, sameRow);
