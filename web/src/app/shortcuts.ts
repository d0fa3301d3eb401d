import { useEffect } from "react";
import { useGo } from "../ui/Link";
import { showPalette } from "../overlays/overlays";
import { useMe } from "../session/session";
import { isTyping } from "../ui/isTyping";
import { showShortcuts } from "./showShortcuts";
import { entriesFor } from "./menu";

const CHORD_MS = 1200;

/** The keys that work on every page. Those of a list are in `VirtualList`. */
export function useShortcuts(): void {
  const go = useGo();
  const { is_admin: admin } = useMe();
  useEffect(() => {
    let chord = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        showPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (chord && event.timeStamp - chord < CHORD_MS) {
        chord = 0;
        const target = entriesFor(admin).find((entry) => entry.goKey === event.key);
        if (target) {
          event.preventDefault();
          go(target.to);
        }
        return;
      }
      if (event.key === "g") chord = event.timeStamp;
      else if (event.key === "?") showShortcuts();
      else if (event.key === "/") {
        const filter = document.querySelector<HTMLInputElement>("[data-page-filter]");
        if (filter) {
          event.preventDefault();
          filter.focus();
          filter.select();
        }
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
