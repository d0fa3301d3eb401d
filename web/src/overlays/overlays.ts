import { useSyncExternalStore, type ReactElement } from "react";

// What is open over the page. One at a time, so that Escape always means the same.

let open: { id: number; element: ReactElement } | null = null;
let lastId = 0;
const watchers = new Set<() => void>();

function changed(): void {
  for (const watcher of watchers) watcher();
}

/** Show a dialog: `show(<ExtendDialog claim={claim} />)`. Whatever was open closes. */
export function show(element: ReactElement): void {
  open = { id: ++lastId, element };
  changed();
}

export function hide(): void {
  open = null;
  changed();
}

/** What is open, with a number that no other has. */
export function useOverlay(): { id: number; element: ReactElement } | null {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => open,
  );
}

let palette: ((text: string) => ReactElement) | null = null;

/** The command palette knows every page and kind; what lies below it opens it by `showPalette`. */
export function registerPalette(draw: (text: string) => ReactElement): void {
  palette = draw;
}

export function showPalette(text = ""): void {
  if (palette) show(palette(text));
}
