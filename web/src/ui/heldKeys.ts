import { isTyping } from "./isTyping";

// Keys pressed while what they are meant for is still on its way: a page or a drawer that was just asked for. They are
// held, and pressed again once it has the keyboard, so that nobody has to wait before typing.

const LONGEST_MS = 3000;
const HELD = new Set(["Enter", "Escape", "Tab", "Backspace", "Delete", "Home", "End", "PageUp", "PageDown"]);

let held: KeyboardEvent[] | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function keep(event: KeyboardEvent): void {
  if (!held || !event.isTrusted || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length > 1 && !HELD.has(event.key) && !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  held.push(event);
}

/** Keep what is typed from now on, until `giveKeys`; at most three seconds. */
export function holdKeys(): void {
  clearTimeout(timer);
  timer = setTimeout(giveKeys, LONGEST_MS);
  if (held) return;
  held = [];
  addEventListener("keydown", keep, true);
}

/** Press what was held, in order, on whatever has the keyboard when all is drawn. */
export function giveKeys(): void {
  clearTimeout(timer);
  // While React draws, a field would forget each letter but the last.
  queueMicrotask(pressHeld);
}

function pressHeld(): void {
  if (!held) return;
  removeEventListener("keydown", keep, true);
  const keys = held;
  held = null;
  while (keys.length && held === null) press(keys.shift()!);
  // One of them asked for something that is on its way again.
  if (keys.length && held !== null) (held as KeyboardEvent[]).push(...keys);
}

function press({ key, code, shiftKey }: KeyboardEvent): void {
  const target = document.activeElement ?? document.body;
  const again = new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true });
  if (!target.dispatchEvent(again)) return;
  // What the browser itself does with a key, it does with real ones only.
  if (isTyping(target)) {
    if (key.length === 1) insert(key);
    else if (key === "Backspace") document.execCommand("delete");
    else if (key === "Delete") document.execCommand("forwardDelete");
    else if (key === "Enter" && target instanceof HTMLInputElement) target.form?.requestSubmit();
  } else if ((key === "Enter" || key === " ") && target instanceof HTMLElement && target.matches("a, button")) {
    target.click();
  }
}

/** As typed by hand: with its events, and to be undone. */
function insert(text: string): void {
  document.execCommand("insertText", false, text);
}
