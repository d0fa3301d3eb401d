import type { Claim } from "../api/types";

/** What the branch of a claim is called where it is pushed to, if the client said. */
export function upstreamOf(claim: Claim): string | null {
  const name = claim.data.upstream_branch;
  return typeof name === "string" ? name : null;
}

/** The branch, with its name upstream if that is another, as the command line shows it: `fix (feature/fix)`. */
export function branchNames(claim: Claim): string | null {
  const upstream = upstreamOf(claim);
  return claim.branch && upstream && upstream !== claim.branch ? `${claim.branch} (${upstream})` : claim.branch;
}
