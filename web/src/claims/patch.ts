import { kindOf, labelOfThing } from "../things/registry";
import type { Claim, LogEvent } from "../api/types";
import { guessedRights, type Viewer } from "./guess";

/** Everything held right now, at least as new as event `seq`. */
export interface Holdings {
  claims: Claim[];
  seq: number;
  /** False while only the first of many have come: enough to draw, not to say that nobody holds a thing. */
  complete: boolean;
}

export interface Patched {
  holdings: Holdings;
  /** Fences whose queue changed in a way the event does not tell: ask for those claims again. */
  recheck: number[];
}

export function identOf(thing: { kind: string; scope: string; key: string }): string {
  return `${thing.kind}\n${thing.scope}\n${thing.key}`;
}

const STARTS = new Set(["acquired", "transferred"]);
const ENDS = new Set(["released", "force_released", "expired"]);
const QUEUE = new Set(["queued", "unqueued"]);

export function isClaimVerb(verb: string): boolean {
  return STARTS.has(verb) || ENDS.has(verb) || QUEUE.has(verb) || verb === "renewed";
}

/**
 * Bring the holdings up to date with `events`, oldest first.
 *
 * Applying an event twice, or one the holdings already contain, changes nothing in the end: a claim is
 * replaced only by a fence at least as large, and ended only by its own. That is what lets a list and
 * a stream that overlap be joined without counting.
 */
export function applyEvents(before: Holdings, events: readonly LogEvent[], viewer: Viewer): Patched {
  const relevant = events.filter((event) => isClaimVerb(event.verb));
  const last = events.at(-1)?.seq ?? 0;
  const seq = Math.max(before.seq, last);
  if (relevant.length === 0) {
    return { holdings: seq === before.seq ? before : { ...before, seq }, recheck: [] };
  }

  const held = new Map(before.claims.map((claim) => [identOf(claim), claim]));
  const hadQueue = new Set<string>();
  const recheck = new Set<number>();

  for (const event of relevant) {
    const ident = identOf(event);
    const now = held.get(ident);
    const fence = Number(event.data.fence ?? event.seq);

    if (STARTS.has(event.verb)) {
      if (now && now.fence > fence) continue;
      if (now && now.fence === fence && event.seq <= before.seq) continue;
      const claim = claimFrom(event, fence, now, viewer);
      held.set(ident, claim);
      if (hadQueue.has(ident) || claim.queue > 0) recheck.add(fence);
    } else if (ENDS.has(event.verb)) {
      if (!now || now.fence > fence) continue;
      if (now.queue > 0) hadQueue.add(ident);
      held.delete(ident);
      recheck.delete(now.fence);
    } else if (now && event.verb === "renewed" && now.fence === fence) {
      held.set(ident, {
        ...now,
        renewed_at: event.at,
        expires_at: "expires_at" in event.data ? textOrNull(event.data.expires_at) : now.expires_at,
      });
    } else if (now && QUEUE.has(event.verb)) {
      recheck.add(now.fence);
    }
  }
  return { holdings: { ...before, claims: [...held.values()], seq }, recheck: [...recheck] };
}

function claimFrom(event: LogEvent, fence: number, previous: Claim | undefined, viewer: Viewer): Claim {
  const data = event.data;
  const handedOver = event.verb === "transferred";
  const kept = handedOver ? previous : undefined;
  const holder = String((handedOver ? (data.to ?? data.holder) : data.holder) ?? event.actor ?? "");
  const kind = kindOf(event.kind);
  const text = (name: string, fallback: string | null): string | null =>
    name in data ? textOrNull(data[name]) : fallback;
  return {
    id: String(fence),
    fence,
    kind: event.kind,
    scope: event.scope,
    key: event.key,
    label: labelOfThing(event),
    holder,
    holder_uuid: "",
    holder_disabled: false,
    branch: text("branch", kept?.branch ?? null),
    comment: text("comment", kept?.comment ?? null),
    acquired_at: event.at,
    renewed_at: event.at,
    expires_at: text("expires_at", kept?.expires_at ?? null),
    queue: kept?.queue ?? 0,
    waiting: false,
    guessed: true,
    data: kept?.data ?? (data.upstream_branch ? { upstream_branch: data.upstream_branch } : {}),
    url: kind.link(event),
    ...guessedRights({ holder, scope: event.scope }, viewer),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Put freshly read claims into the list, unless an event has moved on past them meanwhile. */
export function mergeClaims(before: Holdings, fresh: readonly Claim[]): Holdings {
  const byFence = new Map(fresh.map((claim) => [claim.fence, claim]));
  return { ...before, claims: before.claims.map((claim) => byFence.get(claim.fence) ?? claim) };
}

/** Put a claim back that was taken out, or what the server says of it now, unless the thing has another holder. */
export function putBack(before: Holdings, claim: Claim): Holdings {
  const ident = identOf(claim);
  const there = before.claims.find((one) => identOf(one) === ident);
  if (there && there.fence > claim.fence) return before;
  return { ...before, claims: [...before.claims.filter((one) => one !== there), claim] };
}

/** Drop claims the person has just ended, so that the row goes at once and not with the event. */
export function withoutFences(before: Holdings, fences: ReadonlySet<number>): Holdings {
  return { ...before, claims: before.claims.filter((claim) => !fences.has(claim.fence)) };
}
