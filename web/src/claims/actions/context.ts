import { useQuery } from "@tanstack/react-query";
import { mailQuery } from "../../api/queries";
import type { Claim, Verb } from "../../api/types";
import { useMe } from "../../session/session";
import type { ClaimAction, ClaimContext } from "../../things/kind";
import { useGo } from "../../ui/Link";
import { guessedReason } from "../guess";

export type { ClaimAction, ClaimContext };

export function useClaimContext(): ClaimContext {
  const me = useMe();
  const go = useGo();
  const { data } = useQuery(mailQuery);
  return { me: me.username, mail: data?.mail_enabled ?? false, go };
}

/** The server's word on a verb: null when the person may use it, else why not. */
export function refusalOf(claim: Claim, verb: Verb, me: string): string | null {
  if (claim.can[verb]) return null;
  return claim.cannot?.[verb] ?? guessedReason(claim, verb, me);
}
