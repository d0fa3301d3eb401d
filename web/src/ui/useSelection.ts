import { useCallback, useMemo, useState } from "react";

export interface Selection<Item> {
  /** Those selected that are shown now. */
  chosen: Item[];
  has: (item: Item) => boolean;
  toggle: (item: Item) => void;
  /** Select everything shown, or nothing when everything is. */
  toggleAll: () => void;
  clear: () => void;
}

const NONE: ReadonlySet<string> = new Set();

/** Which of `items` are selected. What a filter hides stays selected, but is not acted on. */
export function useSelection<Item>(items: readonly Item[], idOf: (item: Item) => string): Selection<Item> {
  const [ids, setIds] = useState<ReadonlySet<string>>(NONE);
  const chosen = useMemo(() => (ids.size ? items.filter((item) => ids.has(idOf(item))) : []), [items, ids, idOf]);
  const toggle = useCallback(
    (item: Item) =>
      setIds((now) => {
        const next = new Set(now);
        if (!next.delete(idOf(item))) next.add(idOf(item));
        return next;
      }),
    [idOf],
  );
  const everything = chosen.length > 0 && chosen.length === items.length;
  return {
    chosen,
    has: (item) => ids.has(idOf(item)),
    toggle,
    toggleAll: () => setIds(everything ? NONE : new Set(items.map(idOf))),
    clear: () => setIds(NONE),
  };
}
