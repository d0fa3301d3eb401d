import type { Claim } from "../api/types";
import type { Found, Take } from "../things/kind";
import { heldKinds, kindOf } from "../things/registry";
import { groupBy } from "../claims/board";
import { filterClaims } from "../claims/filter";

export type Command =
  | { type: "page"; id: string; label: string; to: string }
  | { type: "claim"; id: string; claim: Claim }
  | { type: "found"; id: string; kind: string; found: Found }
  | { type: "take"; id: string; label: string; Icon: Take["Icon"]; run: () => void }
  | { type: "do"; id: string; label: string; what: "theme" | "sign-out" | "shortcuts" };

/** Something a kind's own search has found. */
export interface FoundThing {
  kind: string;
  found: Found;
}

export interface CommandGroup {
  title: string;
  commands: Command[];
}

const CLAIMS_MAX = 12;

/** What the palette offers for a text: holdings that match, a thing to take, pages, and things to do. */
export function commandsFor(
  text: string,
  claims: readonly Claim[],
  pages: readonly { to: string; label: string }[],
): CommandGroup[] {
  const typed = text.trim();
  const lower = typed.toLowerCase();
  const fits = (label: string): boolean => lower.split(/\s+/).every((word) => label.toLowerCase().includes(word));
  const groups: CommandGroup[] = [];

  const found = typed ? bestClaims(claims, typed) : [];
  if (found.length) {
    groups.push({
      title: "Held right now",
      commands: found.map((claim) => ({ type: "claim", id: `claim:${claim.id}`, claim })),
    });
  }
  const goTo: Command[] = pages
    .filter((page) => fits(`go to ${page.label}`))
    .map((page) => ({ type: "page", id: `page:${page.to}`, label: page.label, to: page.to }));
  if (goTo.length) groups.push({ title: "Go to", commands: goTo });

  const todo: Command[] = [];
  // A name that nobody holds is most likely what the person came to take.
  let wanted = false;
  for (const { name: kind, take } of heldKinds()) {
    if (!take) continue;
    const name = typed ? take.nameIn(typed) : null;
    if (name !== null && !found.some((claim) => claim.kind === kind && claim.key === name)) {
      todo.push({ type: "take", id: `take-typed:${kind}`, label: take.labelFor(name), Icon: take.Icon, run: () => take.ask(name) });
      wanted = true;
    } else if (fits(take.label)) {
      todo.push({ type: "take", id: `take:${kind}`, label: `${take.label}…`, Icon: take.Icon, run: () => take.ask() });
    }
  }
  const doings: Command[] = [
    { type: "do", id: "theme", label: "Switch between light and dark", what: "theme" },
    { type: "do", id: "shortcuts", label: "Keyboard shortcuts", what: "shortcuts" },
    { type: "do", id: "sign-out", label: "Sign out", what: "sign-out" },
  ];
  todo.push(...doings.filter((command) => command.type === "do" && fits(command.label)));
  if (todo.length) {
    const group = { title: "Do", commands: todo };
    if (wanted && !found.length) groups.unshift(group);
    else groups.push(group);
  }
  return groups;
}

/** What was found by name goes below what is held: who has a thing is the commoner question. */
export function withFound(groups: CommandGroup[], things: readonly FoundThing[]): CommandGroup[] {
  const held = new Set(groups.flatMap((group) => group.commands.map((each) => (each.type === "claim" ? each.claim.key : ""))));
  const found = groupBy(things.filter(({ found }) => !held.has(found.id)), ({ kind }) => kind);
  const groupsFound = [...found].map(([kind, ofKind]): CommandGroup => ({
    title: kindOf(kind).plural,
    commands: ofKind.map(({ found }): Command => ({ type: "found", id: `found:${found.id}`, kind, found })),
  }));
  const at = groups.findIndex((group) => group.title !== "Held right now" && !group.commands[0]?.id.startsWith("take-typed:"));
  const place = at === -1 ? groups.length : at;
  return [...groups.slice(0, place), ...groupsFound, ...groups.slice(place)];
}

/** The file name counts more than the folders above it, its beginning more than its middle. */
function bestClaims(claims: readonly Claim[], text: string): Claim[] {
  const word = text.toLowerCase();
  const rank = (claim: Claim): number => {
    const label = claim.label.toLowerCase();
    const name = label.slice(label.lastIndexOf("/") + 1);
    if (label === word || name === word) return 0;
    if (name.startsWith(word)) return 1;
    if (name.includes(word)) return 2;
    if (label.includes(word)) return 3;
    return claim.holder.toLowerCase().startsWith(word) ? 4 : 5;
  };
  return filterClaims(claims, text)
    .map((claim) => ({ claim, rank: rank(claim) }))
    .sort((a, b) => a.rank - b.rank || (a.claim.label < b.claim.label ? -1 : 1))
    .slice(0, CLAIMS_MAX)
    .map((entry) => entry.claim);
}
