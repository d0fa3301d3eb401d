import type { Claim } from "../../api/types";
import { kindOf } from "../../things/registry";
import { ask } from "./ask";
import type { ClaimAction } from "./context";
import { copyName } from "./copyName";
import { details } from "./details";
import { extend } from "./extend";
import { forceRelease } from "./forceRelease";
import { handOver } from "./handOver";
import { release } from "./release";
import { wait } from "./wait";

export { extend } from "./extend";
export { wait } from "./wait";
export { useClaimContext, type ClaimAction, type ClaimContext } from "./context";

/** What can be done with a claim of any kind, in the order of the menu. */
export const claimActions: readonly ClaimAction[] = [extend, wait, ask, handOver, release, forceRelease];

/** What a holder does with what they hold, as buttons on the row. */
export const ownActions: readonly ClaimAction[] = [extend, handOver, release];

/** What leads away from a claim or tells of it, below the rest. */
export const moreActions: readonly ClaimAction[] = [details, copyName];

/** The actions on this claim: those of all kinds, and those its own kind adds. */
export function actionsOn(claim: Claim): readonly ClaimAction[] {
  return [...claimActions, ...(kindOf(claim.kind).actions ?? [])];
}
