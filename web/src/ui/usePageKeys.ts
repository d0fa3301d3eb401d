import { useEffectEvent, useLayoutEffect } from "react";
import { isTyping } from "./isTyping";

/**
 * Keys that work wherever the keyboard is on a page, except where it types and under a dialog.
 *
 * They work from the moment in which what they belong to is drawn, and as it was drawn last: with an ordinary effect, a
 * slow computer would for a while ignore them, or answer as if the page were still loading.
 */
export function usePageKeys(onKey: (event: KeyboardEvent) => void): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector("[role=dialog]")) return;
    onKey(event);
  });
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => pressed(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
