import { api } from "../api/client";
import { mailQuery, queryClient } from "../api/queries";
import type { Claim, LogEvent } from "../api/types";
import { onEvents, onRestart } from "../live/live";
import { applyEvents, mergeClaims } from "./patch";
import { claimsQuery, forget, remember, viewer } from "./queries";

const RECHECK_MAX = 25;

/** Keep the list of claims as new as the stream of events; returns how to stop. */
export function followClaims(): () => void {
  // What an event tells of a claim leaves open whether its holder can be sent a mail.
  void queryClient.prefetchQuery(mailQuery);
  const stops = [onEvents(take), onRestart(forget)];
  return () => stops.forEach((stop) => stop());
}

/** How new the claims on screen are: the last event they contain. */
export function latestSeq(): number | undefined {
  return queryClient.getQueryData(claimsQuery.queryKey)?.seq;
}

function take(events: readonly LogEvent[]): void {
  remember(events);
  const before = queryClient.getQueryData(claimsQuery.queryKey);
  if (before) {
    const { holdings, recheck } = applyEvents(before, events, viewer());
    if (holdings !== before) queryClient.setQueryData(claimsQuery.queryKey, holdings);
    if (recheck.length) void askAgain(recheck);
  }
  if (events.some((event) => event.verb === "queued" || event.verb === "unqueued")) {
    void queryClient.invalidateQueries({ queryKey: ["waiters"] });
  }
  // Who belongs to what decides which claims one may see.
  if (events.some((event) => event.kind === "project" || event.kind === "company")) {
    void queryClient.invalidateQueries({ queryKey: claimsQuery.queryKey });
  }
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
