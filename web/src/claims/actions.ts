import type { Claim } from "../api/types";
import { kindOf } from "../things/registry";
import { projectOf, scopeLabel } from "../api/scope";

export type ActionId = "release" | "extend" | "hand-over" | "wait" | "notify" | "force-release";

export interface Action {
  id: ActionId;
  label: string;
  /** Why the server would refuse; null when it would not. */
  reason: string | null;
}

export interface Circumstances {
  me: string;
  mail: boolean;
}

/** What can be done with a claim. Refused actions stay, with the reason: people learn what exists. */
export function actionsFor(claim: Claim, { me, mail }: Circumstances): Action[] {
  const mine = claim.holder === me;
  const { holder, can } = claim;
  if (mine) {
    return [
      { id: "extend", label: "Extend…", reason: can.renew ? null : "Its end cannot be changed." },
      { id: "hand-over", label: "Hand over…", reason: can.transfer ? null : "It cannot be handed over." },
      { id: "release", label: "Release", reason: can.release ? null : "It cannot be released now." },
    ];
  }
  return [
    { id: "wait", label: "Wait for it…", reason: claim.cannot.wait ?? null },
    ...(kindOf(claim.kind).askHolder
      ? [{ id: "notify" as const, label: `Send ${holder} a mail…`, reason: mail ? null : "This server sends no mail." }]
      : []),
    {
      id: "hand-over",
      label: "Hand over…",
      reason: can.transfer ? null : `Only ${holder} or an administrator can.`,
    },
    {
      id: "release",
      label: "Release",
      reason: can.release ? null : `Only ${holder} can release it.`,
    },
    {
      id: "force-release",
      label: "Force-release…",
      reason: can.force_release ? null : forceReason(claim),
    },
  ];
}

function forceReason(claim: Claim): string {
  const project = projectOf(claim.scope);
  return project !== null && scopeLabel(claim.scope) !== null
    ? `Only administrators and admins of ${project} can.`
    : "Only administrators can.";
}

/** Why a selection of claims cannot be released in one go; null when it can. */
export function bulkReleaseReason(claims: readonly Claim[], me: string): string | null {
  const others = claims.filter((claim) => !claim.can.release);
  if (others.length === 0) return null;
  const names = [...new Set(others.map((claim) => claim.holder))].filter((name) => name !== me);
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? "…" : "");
  return `${others.length} of ${claims.length} ${others.length === 1 ? "is" : "are"} held by ${shown || "others"}.`;
}

export function bulkForceReason(claims: readonly Claim[]): string | null {
  const refused = claims.find((claim) => !claim.can.force_release);
  return refused ? forceReason(refused) : null;
}
