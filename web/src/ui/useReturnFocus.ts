import { useEffect, useState } from "react";

/** What opens over a page gives the focus back, when it goes, to where it was taken from. */
export function useReturnFocus(): void {
  // Asked while first drawing: the focus trap moves it right after.
  const [from] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      setTimeout(() => {
        const lost = document.activeElement === null || document.activeElement === document.body;
        if (lost && from instanceof HTMLElement && from.isConnected) from.focus({ preventScroll: true });
      });
    },
    [from],
  );
}
