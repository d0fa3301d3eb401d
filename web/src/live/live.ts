import { useSyncExternalStore } from "react";
import { apiUrl } from "../api/base";
import { api, query } from "../api/client";
import { meQuery, queryClient } from "../api/queries";
import type { LogEvent } from "../api/types";
import { kindOf, knownKinds } from "../things/registry";
import { ReadAgain } from "./again";
import { showNotices } from "./notices";
import { LiveStream, type LiveState } from "./stream";

const HIDDEN_MS = 60_000;
const LONG_AWAY_MS = 10 * 60_000;
const WATCH_MS = 10_000;

let state: LiveState = "connecting";
const watchers = new Set<() => void>();
const listeners = new Set<(events: LogEvent[]) => void>();
const restartListeners = new Set<() => void>();

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher();
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

/** Hear of every batch of events; returns how to stop. */
export function onEvents(listener: (events: LogEvent[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hear that the log has begun anew, so that no event read so far counts; returns how to stop. */
export function onRestart(listener: () => void): () => void {
  restartListeners.add(listener);
  return () => restartListeners.delete(listener);
}

function take(events: LogEvent[]): void {
  for (const listener of listeners) listener(events);
  invalidateFor(events);
  const me = queryClient.getQueryData(meQuery.queryKey);
  showNotices(events, { username: me?.username ?? "", uuid: me?.uuid ?? "" });
}

const again = new ReadAgain((events) =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => events.some((event) => kindOf(event.kind).isTouched?.(queryKey, event)),
  }),
);

function invalidateFor(events: LogEvent[]): void {
  again.push(events.filter((event) => kindOf(event.kind).isTouched));
  const touched = new Set(events.map((event) => event.kind));
  for (const { readAgainOn = {} } of knownKinds()) {
    for (const [kind, queryKeys] of Object.entries(readAgainOn)) {
      if (!touched.has(kind)) continue;
      for (const queryKey of queryKeys) void queryClient.invalidateQueries({ queryKey });
    }
  }
  for (const event of events) {
    void queryClient.invalidateQueries({ queryKey: ["history"], predicate: (q) => q.queryKey[2] === event.key });
  }
}

/**
 * Follow the log after event `after`, or from now on, for as long as the page is looked at. `latestSeq` tells how
 * new the claims on screen are.
 *
 * A tab in the background lets go of its connection after a minute (browsers allow six per server, for
 * all tabs together) and catches up when it is shown again.
 */
export function startLive(after: number | null, latestSeq: () => number | undefined): () => void {
  const stream = new LiveStream(
    {
      open: (seq) => new EventSource(`${apiUrl("events/stream")}${query({ after: seq })}`),
      onEvents: take,
      onState: setState,
      onFailure: sessionIsOver,
      onRestart: () => {
        for (const listener of restartListeners) listener();
        void queryClient.invalidateQueries();
      },
    },
    after,
  );
  let hideTimer: ReturnType<typeof setTimeout> | null = null;
  let hiddenSince: number | null = null;

  const onVisibility = (): void => {
    if (document.hidden) {
      hideTimer = setTimeout(() => {
        hiddenSince = Date.now();
        stream.stop();
      }, HIDDEN_MS);
      return;
    }
    if (hideTimer) clearTimeout(hideTimer);
    hideTimer = null;
    if (hiddenSince === null) return;
    const away = Date.now() - hiddenSince;
    hiddenSince = null;
    void catchUp(away);
  };

  const catchUp = async (away: number): Promise<void> => {
    setState("connecting");
    if (away > LONG_AWAY_MS) {
      await queryClient.invalidateQueries();
      const seq = latestSeq();
      if (seq !== undefined) stream.skipTo(seq);
    }
    stream.start();
  };

  // A laptop that slept has a dead connection that looks alive: the clock having jumped gives it away.
  let beat = Date.now();
  const watch = setInterval(() => {
    const now = Date.now();
    if (now - beat > 4 * WATCH_MS && !document.hidden) stream.reconnect();
    beat = now;
  }, WATCH_MS);
  const onOnline = (): void => stream.reconnect();
  // Of many windows, the one that somebody turns to is live.
  const onAttention = (): void => {
    if (!stream.isPaused || document.hidden) return;
    setState("connecting");
    stream.start();
  };

  document.addEventListener("visibilitychange", onVisibility);
  document.addEventListener("visibilitychange", onAttention);
  addEventListener("focus", onAttention);
  addEventListener("pointerdown", onAttention);
  addEventListener("online", onOnline);
  stream.start();
  return () => {
    stream.stop();
    clearInterval(watch);
    if (hideTimer) clearTimeout(hideTimer);
    document.removeEventListener("visibilitychange", onVisibility);
    document.removeEventListener("visibilitychange", onAttention);
    removeEventListener("focus", onAttention);
    removeEventListener("pointerdown", onAttention);
    removeEventListener("online", onOnline);
    setState("connecting");
  };
}

/** EventSource does not tell why it failed. If the session is over, signing in comes first. */
async function sessionIsOver(): Promise<boolean> {
  try {
    // Not anonymous: a 401 opens the sign-in dialog, and the answer comes after it.
    await api("currentuser");
    return false;
  } catch (error) {
    return error instanceof Error && "status" in error && error.status === 401;
  }
}
