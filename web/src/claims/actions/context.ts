import type { Claim, Verb } from "../../api/types";
import { useMe } from "../../session/session";
import type { ClaimAction, ClaimContext } from "../../things/kind";
import { useGo } from "../../ui/Link";

export type { ClaimAction, ClaimContext };

export function useClaimContext(): ClaimContext {
  const me = useMe();
  const go = useGo();
  return { me: me.username, go };
}

/** The server's word on a verb: null when the person may use it, else why not. It alone decides. */
export function refusalOf(claim: Claim, verb: Verb): string | null {
  return claim.can[verb] ? null : (claim.cannot[verb] ?? "It is not possible now.");
}
