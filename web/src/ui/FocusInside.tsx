import { useLayoutEffect, useRef, type RefObject } from "react";
import { giveKeys } from "./heldKeys";
import { useReturnFocus } from "./useReturnFocus";

const MARK = "data-autofocus";
// What one came for: the marked field, else the first to type into, else the button that answers.
const FIELDS = [
  `[${MARK}]`,
  "input:not(:disabled, [type=checkbox], [type=radio]), textarea:not(:disabled), select:not(:disabled)",
  "[data-answer]",
];
// Else whatever takes keys.
const ANYTHING = ["[role=menuitem]:not(:disabled)", "a[href], button:not(:disabled), [tabindex='0']"];

interface Props {
  /** Where the focus returns to; where it came from if this is missing. */
  opener?: RefObject<HTMLElement | null> | undefined;
  /** It is there to be read first of all, and not to be typed into. */
  read?: boolean;
}

/**
 * The last child of everything that opens over a page: puts the keyboard into it while it is drawn, so that a key
 * pressed right after the one that opened it goes to its field.
 */
export function FocusInside({ opener, read = false }: Props) {
  useReturnFocus(opener);
  const here = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const box = here.current?.closest<HTMLElement>("[role=dialog], [role=menu]");
    if (!box) return;
    // Mantine puts the focus on what is marked too, but a moment later: by then one may have tabbed on.
    const onFocus = ({ target }: FocusEvent): void => {
      for (const marked of box.querySelectorAll(`[${MARK}]`)) marked.removeAttribute(MARK);
      (target as Element).setAttribute(MARK, "true");
    };
    box.addEventListener("focusin", onFocus);
    const wanted = read ? ANYTHING : [...FIELDS, ...ANYTHING];
    const found = wanted.map((one) => box.querySelector<HTMLElement>(one)).find(Boolean) ?? box;
    found.focus({ preventScroll: true });
    giveKeys();
    return () => box.removeEventListener("focusin", onFocus);
  }, [read]);
  return <span ref={here} hidden />;
}
