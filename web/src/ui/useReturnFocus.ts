import { useLayoutEffect, useState, type RefObject } from "react";

const OVER = "[role=dialog], [role=menu]";
// Where the focus was before anything opened: what opens from a menu or the palette, which then closes, returns there.
let below: Element | null = null;

/** What opens over a page gives the focus back, when it goes, to `opener` or to where it was taken from. */
export function useReturnFocus(opener?: RefObject<HTMLElement | null>): void {
  // Asked while first drawing: the focus moves right after.
  const [places] = useState(() => {
    const from = document.activeElement;
    if (!from?.closest(OVER)) below = from;
    return [from, below];
  });
  useLayoutEffect(
    () => () => {
      // Once the whole change is drawn: what opens instead takes the focus itself, and a key comes after both.
      queueMicrotask(() => {
        const lost = document.activeElement === null || document.activeElement === document.body;
        const place = [opener?.current, ...places].find((one) => one?.isConnected && one !== document.body);
        if (lost && place instanceof HTMLElement) place.focus({ preventScroll: true });
      });
    },
    [opener, places],
  );
}
