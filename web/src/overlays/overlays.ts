import { lazy, useSyncExternalStore, type ComponentType, type ReactElement } from "react";

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

const loaders: (() => Promise<unknown>)[] = [];

/** A dialog whose code is fetched when it is first shown, or by `fetchDialogs`; there those that are typed into first. */
export function lazyDialog<Props>(
  load: () => Promise<{ default: ComponentType<Props> }>,
  { first = false } = {},
): ComponentType<Props> {
  if (first) loaders.unshift(load);
  else loaders.push(load);
  return lazy(load) as unknown as ComponentType<Props>;
}

/** Fetch all dialogs, so that what is typed right after a shortcut is not lost to a download. */
export async function fetchDialogs(): Promise<void> {
  for (const load of loaders) await load().catch(() => undefined);
}

let palette: ((text: string) => ReactElement) | null = null;

/** The command palette knows every page and kind; what lies below it opens it by `showPalette`. */
export function registerPalette(draw: (text: string) => ReactElement): void {
  palette = draw;
}

export function showPalette(text = ""): void {
  if (palette) show(palette(text));
}
