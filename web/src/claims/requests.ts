import { useEffect } from "react";
import { api } from "../api/client";
import { queryClient } from "../api/queries";
import { claimsQuery } from "./queries";
import type { Claim } from "../api/types";
import { kindOf } from "../things/registry";
import { groupBy } from "./board";
import { mergeClaims, withoutFences } from "./patch";

// Each verb asks the server and then brings the list on screen up to date at once; the event that
// follows over the stream says the same again, which does no harm.

/** Drop claims that have just ended, so that their rows go at once. */
export function gone(claims: readonly Claim[]): void {
  const fences = new Set(claims.map((claim) => claim.fence));
  queryClient.setQueryData(claimsQuery.queryKey, (now) => (now ? withoutFences(now, fences) : now));
}

function replaced(claim: Claim | undefined): void {
  if (!claim?.fence) return;
  queryClient.setQueryData(claimsQuery.queryKey, (now) => (now ? mergeClaims(now, [claim]) : now));
}

async function refreshed(fence: number): Promise<void> {
  replaced(await api<Claim>(`claims/${fence}`));
}

/** Have the server say what may be done with a claim that is known from an event alone. */
export function useServersWord(claim: Claim | null): void {
  const { fence, guessed } = claim ?? {};
  useEffect(() => {
    if (fence !== undefined && guessed) refreshed(fence).catch(() => undefined); // it may have ended: the event of that follows
  }, [fence, guessed]);
}

/** Give claims back, each kind in its own way. */
export async function release(claims: readonly Claim[]): Promise<void> {
  await end(claims, null);
}

/** Take claims from their holders, each kind in its own way. */
export async function forceRelease(claims: readonly Claim[], reason: string): Promise<void> {
  await end(claims, reason);
}

async function end(claims: readonly Claim[], reason: string | null): Promise<void> {
  for (const [kind, ofKind] of groupBy(claims, (claim) => claim.kind)) {
    await (kindOf(kind).release ?? endOneByOne)(ofKind, reason);
    gone(ofKind);
  }
}

/** The way for all kinds: one request for each claim. */
export async function endOneByOne(claims: readonly Claim[], reason: string | null): Promise<void> {
  for (const claim of claims) {
    await (reason === null
      ? api(`claims/${claim.fence}/release`, { method: "POST", json: {}, keepalive: true })
      : api(`claims/${claim.fence}/force-release`, { method: "POST", json: { reason }, keepalive: true }));
    gone([claim]);
  }
}

export async function extend(claim: Claim, expiresAt: string | null): Promise<void> {
  await api(`claims/${claim.fence}/renew`, { method: "POST", json: { expires_at: expiresAt } });
  await refreshed(claim.fence);
}

export async function handOver(claim: Claim, to: string, comment: string): Promise<void> {
  await api(`claims/${claim.fence}/transfer`, {
    method: "POST",
    json: { to, ...(comment ? { comment } : {}) },
  });
}

export async function waitFor(claim: Claim, take: boolean, comment: string): Promise<number> {
  const { position } = await api<{ position: number }>(`claims/${claim.fence}/queue`, {
    method: "POST",
    json: { take, ...(comment ? { comment } : {}) },
  });
  await refreshed(claim.fence);
  return position;
}

export async function stopWaiting(claim: Claim): Promise<void> {
  await api(`claims/${claim.fence}/queue`, { method: "DELETE" });
  await refreshed(claim.fence);
}
