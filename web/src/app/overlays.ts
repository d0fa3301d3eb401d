import { useSyncExternalStore } from "react";
import type { Claim } from "../api/types";

/** What is open over the page. One at a time, so that Escape always means the same. */
export type Overlay =
  | { name: "palette"; text?: string }
  | { name: "shortcuts" }
  | { name: "lock"; path?: string; project?: string }
  | { name: "extend"; claim: Claim }
  | { name: "hand-over"; claim: Claim }
  | { name: "notify"; claim: Claim }
  | { name: "wait"; claim: Claim }
  | { name: "release"; claims: Claim[] }
  | { name: "force-release"; claims: Claim[] };

let open: Overlay | null = null;
const watchers = new Set<() => void>();

export function show(overlay: Overlay): void {
  open = overlay;
  for (const watcher of watchers) watcher();
}

export function hide(): void {
  open = null;
  for (const watcher of watchers) watcher();
}

export function useOverlay(): Overlay | null {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => open,
  );
}
