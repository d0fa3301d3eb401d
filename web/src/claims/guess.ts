import { projectOf, scopeLabel } from "../api/scope";
import type { Can, Claim, Verb } from "../api/types";

// What the server would probably allow, for claims that are known from an event alone: the event does not say it.
// Reading such a claim replaces the guess by the server's own answer.

/** What decides which actions the person at this page may take. */
export interface Viewer {
  username: string;
  isAdmin: boolean;
  /** Scopes ("project:default") where the person may end other people's claims. */
  adminScopes: ReadonlySet<string>;
}

export function guessedRights(claim: { holder: string; scope: string }, viewer: Viewer): Can {
  const mine = claim.holder === viewer.username;
  const rules = viewer.isAdmin || viewer.adminScopes.has(claim.scope);
  return {
    release: mine,
    renew: mine,
    transfer: mine || rules,
    force_release: rules && !mine,
  };
}

/** Why the server would refuse `verb`, where it has not said so. */
export function guessedReason({ holder, scope }: Claim, verb: Verb, me: string): string {
  const mine = holder === me;
  if (verb === "renew") return "Its end cannot be changed.";
  if (verb === "release") return mine ? "It cannot be released now." : `Only ${holder} can release it.`;
  if (verb === "transfer") return mine ? "It cannot be handed over." : `Only ${holder} or an administrator can.`;
  const project = projectOf(scope);
  return project !== null && scopeLabel(scope) !== null
    ? `Only administrators and admins of ${project} can.`
    : "Only administrators can.";
}
