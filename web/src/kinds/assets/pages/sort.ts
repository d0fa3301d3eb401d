import { projectOf } from "../../../api/scope";
import type { Claim } from "../../../api/types";

export interface Sort {
  by: "path" | "project" | "holder" | "branch" | "since" | "ends" | "comment";
  down: boolean;
}

// What has no value sorts after everything that has one, whichever way one looks.
const LAST = "\uffff";

const KEYS: Record<Sort["by"], (claim: Claim) => string> = {
  path: (claim) => claim.label.toLowerCase(),
  project: (claim) => projectOf(claim.scope)?.toLowerCase() ?? LAST,
  holder: (claim) => claim.holder.toLowerCase(),
  branch: (claim) => claim.branch?.toLowerCase() ?? LAST,
  since: (claim) => isoKey(claim.acquired_at),
  ends: (claim) => (claim.expires_at ? isoKey(claim.expires_at) : LAST),
  comment: (claim) => claim.comment?.toLowerCase() || LAST,
};

function isoKey(iso: string): string {
  return String(Date.parse(iso)).padStart(16, "0");
}

/** Sorted by one column, then by path. */
export function sortClaims(claims: readonly Claim[], sort: Sort): Claim[] {
  const keyOf = KEYS[sort.by] ?? KEYS.path;
  const sign = sort.down ? -1 : 1;
  return claims
    .map((claim) => ({ claim, key: keyOf(claim), path: claim.label.toLowerCase() }))
    .sort((a, b) => {
      if (a.key !== b.key) {
        if (a.key === LAST) return 1;
        if (b.key === LAST) return -1;
        return a.key < b.key ? -sign : sign;
      }
      return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
    })
    .map((entry) => entry.claim);
}
