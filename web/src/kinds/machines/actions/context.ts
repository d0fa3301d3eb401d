import type { Claim, Machine, Reservation } from "../../../api/types";
import { queryClient } from "../../../api/queries";
import { useClaimContext, type ClaimAction } from "../../../claims/actions";
import { claimsQuery } from "../../../claims/queries";
import { useMe } from "../../../session/session";
import type { ClaimContext } from "../../../things/kind";
import { labelOf, type Action } from "../../../ui/action";

/** What the actions on machines and reservations need to know beside them. */
export interface PoolContext extends ClaimContext {
  admin: boolean;
}

export type MachineAction = Action<Machine, PoolContext>;
export type ReservationAction = Action<Reservation, PoolContext>;

export function usePoolContext(): PoolContext {
  return { ...useClaimContext(), admin: useMe().is_admin };
}

/** The hold on a machine as the board has it. */
export function claimOf({ fence }: Machine): Claim | undefined {
  if (fence === null) return undefined;
  return queryClient.getQueryData(claimsQuery.queryKey)?.claims.find((claim) => claim.kind === "machine" && claim.fence === fence);
}

/** What can be done with claims of all kinds, on a machine that somebody holds. */
export function onHold(action: ClaimAction): MachineAction {
  const { name, Icon, keys, danger, label } = action;
  return {
    name,
    Icon,
    ...(keys ? { keys } : {}),
    ...(danger ? { danger } : {}),
    label: typeof label === "string" ? label : (machine) => labelOf(action, claimOf(machine)!),
    refusal: (machine, context) => {
      const claim = claimOf(machine);
      return claim && action.refusal(claim, context);
    },
    run: (machine, context) => {
      const claim = claimOf(machine);
      if (claim) action.run(claim, context);
    },
  };
}

export const OUT_OF_SERVICE: readonly string[] = ["maintenance", "quarantined", "disabled"];
