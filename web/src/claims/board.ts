import type { Claim } from "../api/types";
import { kindOf } from "../things/registry";

export type Grouping = "kind" | "person";

export type BoardRow =
  | { type: "section"; id: string; title: string; kind?: string; count: number; open: boolean }
  | { type: "person"; id: string; holder: string; count: number; open: boolean; nested: boolean }
  | { type: "claim"; id: string; claim: Claim; mine: boolean; showHolder: boolean };

export interface BoardOptions {
  me: string;
  grouping: Grouping;
  /** Ids of closed groups. */
  closed: ReadonlySet<string>;
}

export const MINE = "mine";

/** The board as one flat list of rows, which is what a virtual list can scroll. My own come first. */
export function boardRows(claims: readonly Claim[], options: BoardOptions): BoardRow[] {
  const { me, grouping, closed } = options;
  const sorted = sortForBoard(claims);
  const mine = sorted.filter((claim) => claim.holder === me);
  const others = sorted.filter((claim) => claim.holder !== me);
  const rows: BoardRow[] = [];

  if (mine.length) {
    const open = !closed.has(MINE);
    rows.push({ type: "section", id: MINE, title: "Held by me", count: mine.length, open });
    if (open) for (const claim of mine) rows.push(claimRow(claim, true, false));
  }
  if (grouping === "kind") {
    for (const [kind, ofKind] of groupBy(others, (claim) => claim.kind)) {
      const id = `kind:${kind}`;
      const open = !closed.has(id);
      rows.push({ type: "section", id, title: kindOf(kind).plural, kind, count: ofKind.length, open });
      if (open) pushPeople(rows, ofKind, closed, `${id}/`, true);
    }
  } else {
    pushPeople(rows, others, closed, "", false);
  }
  return rows;
}

function pushPeople(
  rows: BoardRow[],
  claims: readonly Claim[],
  closed: ReadonlySet<string>,
  prefix: string,
  nested: boolean,
): void {
  for (const [holder, held] of groupBy(claims, (claim) => claim.holder)) {
    const id = `${prefix}person:${holder}`;
    const open = !closed.has(id);
    rows.push({ type: "person", id, holder, count: held.length, open, nested });
    if (open) for (const claim of held) rows.push(claimRow(claim, false, false));
  }
}

function claimRow(claim: Claim, mine: boolean, showHolder: boolean): BoardRow {
  return { type: "claim", id: claim.id, claim, mine, showHolder };
}

/** By kind, then person, then name: groups come out in order without sorting each. */
function sortForBoard(claims: readonly Claim[]): Claim[] {
  return claims
    .map((claim) => ({ claim, by: `${claim.kind}\n${claim.holder.toLowerCase()}\n${claim.label.toLowerCase()}` }))
    .sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0))
    .map((entry) => entry.claim);
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
