import { api } from "../api/client";
import { queryClient } from "../api/queries";
import { claimsQuery } from "./queries";
import type { Claim } from "../api/types";
import { kindOf } from "../things/registry";
import { groupBy } from "./board";
import { mergeClaims, withoutFences } from "./patch";
import { DEFAULT_PROJECT, projectOf } from "../api/scope";

// Each verb asks the server and then brings the list on screen up to date at once; the event that
// follows over the stream says the same again, which does no harm.

function gone(claims: readonly Claim[]): void {
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

/** All or nothing within a project; projects go one after the other. */
export async function release(claims: readonly Claim[]): Promise<void> {
  const [first, ...more] = claims;
  if (first && more.length === 0) {
    const { unlock } = kindOf(first.kind);
    await (unlock ? unlock(first, null) : api(`claims/${first.fence}/release`, { method: "POST", json: {} }));
    gone(claims);
    return;
  }
  for (const [scope, group] of groupBy(claims, (claim) => claim.scope)) {
    await api("locks/bulk", {
      method: "POST",
      json: { action: "release", paths: group.map((claim) => claim.key), project: project(scope) },
    });
    gone(group);
  }
}

export async function forceRelease(claims: readonly Claim[], reason: string): Promise<void> {
  const [first, ...more] = claims;
  if (first && more.length === 0) {
    const { unlock } = kindOf(first.kind);
    await (unlock
      ? unlock(first, reason)
      : api(`claims/${first.fence}/force-release`, { method: "POST", json: { reason } }));
    gone(claims);
    return;
  }
  for (const [scope, group] of groupBy(claims, (claim) => claim.scope)) {
    await api("locks/force-release", {
      method: "POST",
      json: { paths: group.map((claim) => claim.key), project: project(scope), reason },
    });
    gone(group);
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

function project(scope: string): string {
  return projectOf(scope) ?? DEFAULT_PROJECT;
}
