import { useLayoutEffect, useRef } from "react";
import { useGo } from "../ui/Link";
import { showPalette } from "../overlays/overlays";
import { useMe } from "../session/session";
import { usePageKeys } from "../ui/usePageKeys";
import { showShortcuts } from "./showShortcuts";
import { entriesFor } from "./menu";

const CHORD_MS = 1200;

/** The keys that work on every page. Those of a list are in `VirtualList`. */
export function useShortcuts(): void {
  const go = useGo();
  const { is_admin: admin } = useMe();
  const chord = useRef(0);
  useLayoutEffect(() => {
    addEventListener("keydown", onPaletteKey);
    return () => removeEventListener("keydown", onPaletteKey);
  }, []);
  usePageKeys((event) => {
    if (chord.current && event.timeStamp - chord.current < CHORD_MS) {
      chord.current = 0;
      const target = entriesFor(admin).find((entry) => entry.goKey === event.key);
      if (target) {
        event.preventDefault();
        go(target.to);
      }
      return;
    }
    if (event.key === "g") chord.current = event.timeStamp;
    else if (event.key === "?") showShortcuts();
    else if (event.key === "/") {
      const filter = document.querySelector<HTMLInputElement>("[data-page-filter]");
      if (filter) {
        event.preventDefault();
        filter.focus();
        filter.select();
      }
    }
  });
}

/** Works where one is typing and under dialogs too. */
function onPaletteKey(event: KeyboardEvent): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  showPalette();
}
