import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { visible } from "./names";
import { complain } from "./toast";

// What is done a moment after it was asked for, so that it can be taken back before anybody notices.

export const UNDO_MS = 5000;
const TOAST = "done-later";
const SHOWN = 4;

interface Later {
  id: number;
  /** What is told: "Released Hero.uasset". */
  text: string;
  /** Calls the server, with `keepalive`: the page may be closing. */
  send: () => Promise<void>;
  /** Puts the page back to what it was: it was taken back, or the server refused. */
  back: () => void;
  timer: ReturnType<typeof setTimeout>;
}

let waiting: readonly Later[] = [];
let lastId = 0;
const watchers = new Set<() => void>();

function setWaiting(next: readonly Later[]): void {
  const shown = waiting.length > 0;
  waiting = next;
  for (const watcher of watchers) watcher();
  if (waiting.length > 0 && !shown) {
    notifications.show({ id: TOAST, message: <Waiting />, color: "crib", icon: <IconCheck size={16} />, autoClose: false, withCloseButton: false });
  } else if (waiting.length === 0) notifications.hide(TOAST);
}

/** Do `send` in five seconds, or when the page goes; until then a button takes it back. */
export function doLater(text: string, send: () => Promise<void>, back: () => void): void {
  const id = ++lastId;
  const timer = setTimeout(() => void doNow(id), UNDO_MS);
  setWaiting([...waiting, { id, text, send, back, timer }]);
}

function taken(id: number): Later | undefined {
  const found = waiting.find((one) => one.id === id);
  if (!found) return undefined;
  clearTimeout(found.timer);
  setWaiting(waiting.filter((one) => one !== found));
  return found;
}

async function doNow(id: number): Promise<void> {
  const one = taken(id);
  if (!one) return;
  try {
    await one.send();
  } catch (error) {
    one.back();
    const why = error instanceof Error ? error.message : String(error);
    complain(new Error(`Not done: ${one.text}. ${why}`));
  }
}

/** Take it back. */
export function undo(id: number): void {
  taken(id)?.back();
}

/** Do at once what waits; each call to the server has begun when this returns. */
export function doAllNow(): Promise<void> {
  return Promise.all(waiting.map(({ id }) => doNow(id))).then(() => undefined);
}

if (typeof window !== "undefined") addEventListener("pagehide", () => void doAllNow());

function useWaiting(): readonly Later[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => waiting,
  );
}

function Waiting() {
  const all = useWaiting();
  const more = all.length - SHOWN;
  return (
    <span style={{ display: "grid", gap: 6 }}>
      {all.slice(-SHOWN).map(({ id, text }) => (
        <span key={id} style={{ display: "flex", alignItems: "center", gap: 12 }}>
          <span style={{ flex: 1, overflowWrap: "anywhere" }}>{visible(text)}</span>
          <Button size="compact-xs" variant="default" aria-label={`Undo: ${visible(text)}`} onClick={() => undo(id)}>
            Undo
          </Button>
        </span>
      ))}
      {more > 0 && (
        <Button size="compact-xs" variant="default" onClick={() => all.slice().forEach(({ id }) => undo(id))}>
          Undo these and {more} more
        </Button>
      )}
    </span>
  );
}
