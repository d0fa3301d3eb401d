import { Button, SegmentedControl } from "@mantine/core";
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { actByKey } from "../../../ui/action";
import { complain } from "../../../ui/toast";
import { partActions, type PartContext } from "../actions";
import { COLUMNS, isFiltered, neighbour, type Filter } from "../board";
import { moveTo } from "../moves";
import type { Category, Part } from "../types";
import { CATEGORY_WORDS } from "../words";
import { Card } from "./Card";
import classes from "./Kanban.module.css";

export interface BoardColumn {
  category: Category;
  /** In order, as the filter leaves them. */
  parts: readonly Part[];
  loaded: number;
  total: number;
}

interface Props {
  columns: readonly BoardColumn[];
  filtered: Filter;
  context: PartContext;
  narrow: boolean;
  /** The one column that a phone shows. */
  picked: Category;
  onPick: (column: Category) => void;
  onClear: () => void;
  /** Columns of which more is being read, and how to have it read. */
  further: readonly Category[];
  onFurther: (column: Category) => void;
}

/** So many cards are drawn at once; the rest on demand. */
const SHOWN = 60;

const ARROWS = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]);
const LETTERS: Record<string, string> = { j: "ArrowDown", k: "ArrowUp" };

const cardOf = (id: number): HTMLElement | null => document.querySelector(`[data-part="${id}"] a`);

/**
 * Columns of cards. A card is dragged, or moved with Shift and an arrow key, or by its menu; arrow keys go from card
 * to card.
 */
export function Board({ columns, filtered, context, narrow, picked, onPick, onClear, further, onFurther }: Props) {
  const [dragged, setDragged] = useState<Part | null>(null);
  const [over, setOver] = useState<Category | null>(null);
  const [moving, setMoving] = useState<ReadonlySet<number>>(new Set());
  const [more, setMore] = useState<Partial<Record<Category, number>>>({});
  const wantFocus = useRef<number | null>(null);
  const shownColumns = narrow ? columns.filter(({ category }) => category === picked) : columns;
  const limitOf = (category: Category): number => more[category] ?? SHOWN;
  const drawn = shownColumns.map(({ category, parts }) => parts.slice(0, limitOf(category)));
  const ids = drawn.map((parts) => parts.map(({ id }) => id));
  const [activeId, setActiveId] = useState<number | null>(null);
  const active = activeId !== null && ids.some((column) => column.includes(activeId)) ? activeId : (ids.flat()[0] ?? null);

  // A card that was moved takes the keyboard with it.
  useLayoutEffect(() => {
    const id = wantFocus.current;
    if (id === null || (document.activeElement !== document.body && document.activeElement !== null)) return;
    const card = cardOf(id);
    if (!card) return;
    wantFocus.current = null;
    card.focus();
  });

  const move = async (part: Part, column: Category): Promise<void> => {
    const wanted = moveTo(part, column, context);
    if (wanted.refusal !== null) {
      if (column !== part.category) complain(new Error(wanted.refusal));
      return;
    }
    setMoving((now) => new Set(now).add(part.id));
    if (document.activeElement === cardOf(part.id)) wantFocus.current = part.id;
    await wanted.run();
    setMoving((now) => new Set([...now].filter((id) => id !== part.id)));
  };

  /** To the nearest column on that side where it may go. */
  const shift = (part: Part, step: 1 | -1): void => {
    const from = COLUMNS.indexOf(part.category);
    let first: Category | null = null;
    for (let index = from + step; index >= 0 && index < COLUMNS.length; index += step) {
      const column = COLUMNS[index]!;
      first ??= column;
      if (moveTo(part, column, context).refusal === null) return void move(part, column);
    }
    if (first) void move(part, first);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const link = event.target as HTMLElement;
    const card = link.closest<HTMLElement>("[data-part]");
    if (!card || link.tagName !== "A") return;
    const part = drawn.flat().find(({ id }) => String(id) === card.dataset.part);
    if (!part) return;
    wantFocus.current = null;
    const key = LETTERS[event.key] ?? event.key;
    if (event.shiftKey && (key === "ArrowLeft" || key === "ArrowRight")) {
      event.preventDefault();
      shift(part, key === "ArrowLeft" ? -1 : 1);
    } else if (ARROWS.has(key)) {
      event.preventDefault();
      const next = neighbour(ids, part.id, key as Parameters<typeof neighbour>[2]);
      if (next !== null) cardOf(next)?.focus();
    } else if (key === "m") {
      event.preventDefault();
      const button = card.querySelector<HTMLElement>("button[aria-haspopup=menu]");
      // When this key is over: what opens would take the rest of it for its own.
      setTimeout(() => button?.click());
    } else if (actByKey(partActions, key, part, context)) {
      event.preventDefault();
      if (document.activeElement === link) wantFocus.current = part.id;
    }
  };

  return (
    <>
      {narrow && (
        <div className={classes.picker}>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label="Column"
            value={picked}
            onChange={(value) => onPick(value as Category)}
            data={columns.map(({ category, parts }) => ({
              value: category,
              label: `${CATEGORY_WORDS[category]} ${parts.length}`,
            }))}
          />
        </div>
      )}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys move between the cards' links in it */}
      <div className={classes.board} onKeyDown={onKeyDown}>
        {shownColumns.map(({ category, parts, loaded, total }, index) => {
          const target = dragged && category !== dragged.category ? moveTo(dragged, category, context) : null;
          return (
            <section
              key={category}
              className={classes.column}
              aria-label={`${CATEGORY_WORDS[category]}, ${parts.length} ${parts.length === 1 ? "part" : "parts"}`}
              data-target={target ? (target.refusal === null ? "yes" : "no") : undefined}
              data-over={over === category || undefined}
              onDragOver={(event) => {
                if (!target) return;
                event.preventDefault();
                event.dataTransfer.dropEffect = target.refusal === null ? "move" : "none";
                setOver(category);
              }}
              onDragLeave={(event) => {
                if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(null);
              }}
              onDrop={(event) => {
                event.preventDefault();
                if (dragged) void move(dragged, category);
                setDragged(null);
                setOver(null);
              }}
            >
              <h2 className={classes.columnName}>
                {CATEGORY_WORDS[category]}
                <span className={classes.columnCount}>
                  {isFiltered(filtered) ? `${parts.length} of ${total.toLocaleString()}` : total.toLocaleString()}
                </span>
              </h2>
              {loaded < total && (
                <p className={classes.none}>
                  {isFiltered(filtered) ? "Looked through" : "Here are"} the {category === "completed" ? "last" : "first"}{" "}
                  {loaded.toLocaleString()} of {total.toLocaleString()}.{" "}
                  {further.includes(category) ? (
                    "Reading more…"
                  ) : (
                    <button type="button" className={classes.textButton} onClick={() => onFurther(category)}>
                      Read more
                    </button>
                  )}
                </p>
              )}
              <ol className={classes.cards}>
                {drawn[index]!.map((part) => (
                  <Card
                    key={part.id}
                    part={part}
                    context={context}
                    active={part.id === active}
                    moving={moving.has(part.id)}
                    draggable={!narrow}
                    onFocus={setActiveId}
                    onDrag={(start) => {
                      setDragged(start);
                      if (!start) setOver(null);
                    }}
                  />
                ))}
              </ol>
              {parts.length === 0 && (
                <p className={classes.none}>
                  {loaded > 0 ? (
                    <>
                      Nothing here fits the filter.{" "}
                      <button type="button" className={classes.textButton} onClick={onClear}>
                        Clear it
                      </button>
                    </>
                  ) : (
                    EMPTY[category]
                  )}
                </p>
              )}
              {parts.length > limitOf(category) && (
                <ShowMore
                  count={Math.min(SHOWN, parts.length - limitOf(category))}
                  onMore={() => setMore((now) => ({ ...now, [category]: limitOf(category) + SHOWN }))}
                />
              )}
              {target?.refusal && over === category && <p className={classes.refused}>{target.refusal}</p>}
            </section>
          );
        })}
      </div>
    </>
  );
}

/** Draws more as soon as one scrolls there. */
function ShowMore({ count, onMore }: { count: number; onMore: () => void }) {
  const end = useRef<HTMLButtonElement>(null);
  const latest = useRef(onMore);
  useEffect(() => {
    latest.current = onMore;
  });
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && latest.current(), {
      rootMargin: "300px",
    });
    if (end.current) seen.observe(end.current);
    return () => seen.disconnect();
  }, [count]);
  return (
    <Button ref={end} size="xs" variant="subtle" onClick={onMore}>
      Show {count} more
    </Button>
  );
}

const EMPTY: Record<Category, string> = {
  review: "Nothing waits for review.",
  cnc: "Nothing to make by CNC.",
  hand: "Nothing to make by hand.",
  misc: "Nothing else to make.",
  completed: "Nothing is done yet.",
};
