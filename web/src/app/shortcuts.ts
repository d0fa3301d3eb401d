import { useEffect } from "react";
import { useGo } from "../parts/Link";
import { show } from "./overlays";
import { useMe } from "./session";

/** Second key after "g". */
export const GO_TO: Record<string, { to: string; label: string; admin?: boolean }> = {
  b: { to: "/", label: "Board" },
  a: { to: "/assets", label: "Assets" },
  d: { to: "/documents", label: "Documents" },
  w: { to: "/documents/waiting", label: "Waiting for me" },
  l: { to: "/activity", label: "Activity (the log)" },
  p: { to: "/projects", label: "Projects" },
  s: { to: "/settings", label: "Settings" },
  u: { to: "/admin/users", label: "Users", admin: true },
  h: { to: "/admin/health", label: "Server health", admin: true },
};

const CHORD_MS = 1200;

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

/** The keys that work on every page. Those of a list are in `VirtualList`. */
export function useShortcuts(): void {
  const go = useGo();
  const { is_admin: admin } = useMe();
  useEffect(() => {
    let chord = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        show({ name: "palette" });
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (chord && event.timeStamp - chord < CHORD_MS) {
        chord = 0;
        const target = GO_TO[event.key];
        if (target && (admin || !target.admin)) {
          event.preventDefault();
          go(target.to);
        }
        return;
      }
      if (event.key === "g") chord = event.timeStamp;
      else if (event.key === "?") show({ name: "shortcuts" });
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
