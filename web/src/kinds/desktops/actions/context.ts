import { useClaimContext } from "../../../claims/actions";
import { useMe } from "../../../session/session";
import type { ClaimContext } from "../../../things/kind";
import type { Action } from "../../../ui/action";
import type { Desktop, DesktopVerb } from "../types";

export interface DesktopContext extends ClaimContext {
  admin: boolean;
}

export type DesktopAction = Action<Desktop, DesktopContext>;

export function useDesktopContext(): DesktopContext {
  return { ...useClaimContext(), admin: useMe().is_admin };
}

/** For what only its holder and administrators do, in some states. */
export function ownersIn(states: readonly string[], verb: DesktopVerb): DesktopAction["refusal"] {
  return (desktop, { me, admin }) => {
    if ((desktop.holder !== me && !admin) || !states.includes(desktop.state)) return undefined;
    return desktop.cannot[verb] ?? null;
  };
}
