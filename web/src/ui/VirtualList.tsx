import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import {
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from "react";
import classes from "./VirtualList.module.css";

export interface ListHandle {
  /** Put the keyboard on the first row. */
  focus(): void;
}

interface Props<T> {
  items: readonly T[];
  label: string;
  heightOf: (item: T) => number;
  idOf: (item: T) => string;
  render: (item: T) => ReactNode;
  /** Column headings, kept in sight; they scroll sideways with the rows. */
  head?: ReactNode;
  headHeight?: number;
  rowClass?: (item: T) => string | undefined;
  isSelected?: (item: T) => boolean | undefined;
  onOpen?: (item: T) => void;
  /** A key pressed on a row; true when it meant something. */
  onKey?: (key: string, item: T) => boolean;
  /** Rows are as tall as what is in them; `heightOf` is then only a first guess. */
  measured?: boolean;
  /** Called when the end comes into sight. */
  onEnd?: () => void;
  handle?: Ref<ListHandle>;
}

/**
 * A table of any length, of which only what is in sight exists.
 *
 * One row takes part in the tab order; arrow keys, Home, End and Page keys move it, Enter opens it.
 */
export function VirtualList<T>(props: Props<T>) {
  const { items, heightOf, idOf, headHeight = 0, onEnd, handle } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useState<string | null>(null);
  const wantFocus = useRef(false);

  const found = activeId === null ? 0 : items.findIndex((item) => idOf(item) === activeId);
  // The row one was on may have gone; the place in the list has not.
  const lastIndex = useRef(0);
  const active = Math.max(0, Math.min(found === -1 ? lastIndex.current : found, items.length - 1));
  useLayoutEffect(() => {
    lastIndex.current = active;
  }, [active]);

  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heightOf(items[index]!),
    getItemKey: (index) => idOf(items[index]!),
    overscan: 6,
    scrollPaddingStart: headHeight,
    // The row in the tab order stays in the document, wherever the list has been scrolled to.
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      if (active < items.length && !shown.includes(active)) shown.push(active);
      return shown.sort((a, b) => a - b);
    },
  });

  const { measured = false } = props;
  useLayoutEffect(() => {
    if (!measured) virtual.measure();
  }, [items, heightOf, virtual, measured]);

  const rows = virtual.getVirtualItems();
  const lastShown = rows.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && items.length > 0 && lastShown >= items.length - 5) onEnd();
  }, [lastShown, items.length, onEnd]);

  const moveTo = useCallback(
    (index: number) => {
      const target = Math.max(0, Math.min(index, items.length - 1));
      const item = items[target];
      if (item === undefined) return;
      setActiveId(idOf(item));
      virtual.scrollToIndex(target, { align: "auto" });
      // A row that is there already is not drawn again: nothing would move the focus later.
      const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${target}"]`);
      wantFocus.current = !row;
      row?.focus({ preventScroll: true });
    },
    [items, idOf, virtual],
  );

  // While drawing, not some time after: the next key belongs to the row that has the keyboard then.
  useLayoutEffect(() => {
    if (!wantFocus.current) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${active}"]`);
    if (row) {
      wantFocus.current = false;
      row.focus({ preventScroll: true });
    }
  });

  // A row that goes while the keyboard is on it hands the keyboard to the row that takes its place.
  const inside = useRef(false);
  useLayoutEffect(() => {
    if (inside.current && document.activeElement === document.body) moveTo(active);
  }, [items, active, moveTo]);

  useImperativeHandle(handle, () => ({ focus: () => moveTo(active) }), [moveTo, active]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (!row) return;
    const index = Number(row.dataset.index);
    const item = items[index];
    if (item === undefined) return;
    const onRow = event.target === row;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / heightOf(item)) - 2);
    const steps: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      j: index + 1,
      k: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: items.length - 1,
    };
    const target = steps[event.key];
    if (target !== undefined) {
      event.preventDefault();
      moveTo(target);
    } else if (onRow && event.key === "Enter") {
      event.preventDefault();
      props.onOpen?.(item);
    } else if (onRow && props.onKey?.(event.key, item)) {
      event.preventDefault();
    }
  };

  return (
    <div className={classes.scroller} ref={scroller}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys move between its rows */}
      <div role="table" aria-label={props.label} aria-rowcount={items.length + (props.head ? 1 : 0)} onKeyDown={onKeyDown}
        onFocus={() => (inside.current = true)}
        onBlur={(event) => {
          if (event.target.isConnected) inside.current = false;
        }}
      >
        {props.head && (
          <div role="rowgroup" className={classes.head} style={{ height: headHeight }}>
            {props.head}
          </div>
        )}
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {rows.map((row) => {
            const item = items[row.index]!;
            const selected = props.isSelected?.(item);
            return (
              <div
                key={row.key}
                role="row"
                ref={props.measured ? virtual.measureElement : undefined}
                data-index={row.index}
                data-selected={selected || undefined}
                aria-rowindex={row.index + (props.head ? 2 : 1)}
                tabIndex={row.index === active ? 0 : -1}
                className={`${classes.row} ${props.rowClass?.(item) ?? ""}`}
                style={{ height: props.measured ? undefined : row.size, transform: `translateY(${row.start}px)` }}
                onFocus={() => setActiveId(idOf(item))}
                onDoubleClick={props.onOpen && (() => props.onOpen!(item))}
              >
                {props.render(item)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
