import type { Claim, Verb } from "../api/types";

// What the server would probably allow, for claims that are known from an event alone: the event does not say it.
// Reading such a claim replaces the guess by the server's own answer, whose words these are.

/** What decides which actions the person at this page may take. */
export interface Viewer {
  username: string;
  isAdmin: boolean;
  /** Scopes ("project:default") where the person may end other people's claims. */
  adminScopes: ReadonlySet<string>;
  /** Scopes in which the person may look, not hold. */
  viewedScopes: ReadonlySet<string>;
  /** Whether the server sends mail. */
  mail: boolean;
}

const VERBS: readonly Verb[] = ["release", "renew", "transfer", "force_release", "wait", "ask"];

/** The verbs the viewer could use on a claim, and why not the others. */
export function guessedRights(
  { holder, scope }: { holder: string; scope: string },
  viewer: Viewer,
): Pick<Claim, "can" | "cannot"> {
  const cannot: Partial<Record<Verb, string>> = {};
  if (holder === viewer.username) {
    cannot.wait = cannot.ask = "You hold it yourself.";
    cannot.force_release = "It is your own: release it instead.";
  } else {
    cannot.release = `Only ${holder} can release it.`;
    cannot.renew = `Only ${holder} can change its end.`;
    if (!viewer.isAdmin && !viewer.adminScopes.has(scope)) {
      cannot.transfer = `Only ${holder} or an administrator can hand it over.`;
      cannot.force_release = "Only an administrator can force-release it.";
    }
    if (!viewer.isAdmin && viewer.viewedScopes.has(scope)) cannot.wait = "You may see it, but not hold it.";
    if (!viewer.mail) cannot.ask = "Mail is switched off on this server.";
  }
  return { can: Object.fromEntries(VERBS.map((verb) => [verb, !(verb in cannot)])) as Claim["can"], cannot };
}
