import { useSyncExternalStore } from "react";
import { apiUrl } from "../api/base";
import { api, query } from "../api/client";
import { claimsQuery, forget, meQuery, queryClient, remember, viewer } from "../api/queries";
import type { Claim, LogEvent } from "../api/types";
import { applyEvents, mergeClaims } from "../claims/patch";
import { kindOf } from "../kinds/registry";
import { ReadAgain } from "./again";
import { tell } from "./tell";
import { LiveStream, type LiveState } from "./stream";

const HIDDEN_MS = 60_000;
const LONG_AWAY_MS = 10 * 60_000;
const WATCH_MS = 10_000;
const RECHECK_MAX = 25;

let state: LiveState = "connecting";
const watchers = new Set<() => void>();
const listeners = new Set<(events: LogEvent[]) => void>();

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

function take(events: LogEvent[]): void {
  remember(events);
  const before = queryClient.getQueryData(claimsQuery.queryKey);
  if (before) {
    const { holdings, recheck } = applyEvents(before, events, viewer());
    if (holdings !== before) queryClient.setQueryData(claimsQuery.queryKey, holdings);
    if (recheck.length) void askAgain(recheck);
  }
  invalidateFor(events);
  tell(events, viewer().username, queryClient.getQueryData(meQuery.queryKey)?.uuid ?? "");
  for (const listener of listeners) listener(events);
}

async function askAgain(fences: number[]): Promise<void> {
  if (fences.length > RECHECK_MAX) {
    await queryClient.invalidateQueries({ queryKey: claimsQuery.queryKey });
    return;
  }
  const answers = await Promise.allSettled(fences.map((fence) => api<Claim>(`claims/${fence}`)));
  const fresh = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  queryClient.setQueryData(claimsQuery.queryKey, (now) => (now ? mergeClaims(now, fresh) : now));
}

/** Lists that are small and seldom change are simply read again. */
const READ_AGAIN: Record<string, string[][]> = {
  user: [["users"], ["people"], ["me"]],
  api_key: [["keys"]],
  // Who belongs to what decides which holdings one may see.
  project: [["projects"], ["claims"], ["documents", "buckets"]],
  company: [["companies"], ["projects"], ["claims"], ["users"], ["documents", "buckets"]],
  config: [["config"], ["config-status"]],
};

const again = new ReadAgain((events) =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey }) => events.some((event) => kindOf(event.kind).isTouched?.(queryKey, event)),
  }),
);

function invalidateFor(events: LogEvent[]): void {
  again.push(events.filter((event) => kindOf(event.kind).isTouched));
  const kinds = new Set(events.map((event) => event.kind));
  for (const kind of kinds) {
    for (const queryKey of READ_AGAIN[kind] ?? []) void queryClient.invalidateQueries({ queryKey });
  }
  if (events.some((event) => event.verb === "queued" || event.verb === "unqueued")) {
    void queryClient.invalidateQueries({ queryKey: ["waiters"] });
  }
  for (const event of events) {
    void queryClient.invalidateQueries({ queryKey: ["history"], predicate: (q) => q.queryKey[2] === event.key });
  }
}

/**
 * Follow the log for as long as the page is looked at.
 *
 * A tab in the background lets go of its connection after a minute (browsers allow six per server, for
 * all tabs together) and catches up when it is shown again.
 */
export function startLive(after: number | null): () => void {
  const stream = new LiveStream(
    {
      open: (seq) => new EventSource(`${apiUrl("events/stream")}${query({ after: seq })}`),
      onEvents: take,
      onState: setState,
      onFailure: sessionIsOver,
      onRestart: () => {
        forget();
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
      const seq = queryClient.getQueryData(claimsQuery.queryKey)?.seq;
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

  document.addEventListener("visibilitychange", onVisibility);
  addEventListener("online", onOnline);
  stream.start();
  return () => {
    stream.stop();
    clearInterval(watch);
    if (hideTimer) clearTimeout(hideTimer);
    document.removeEventListener("visibilitychange", onVisibility);
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
