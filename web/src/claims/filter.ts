import type { Claim } from "../api/types";
import { projectOf } from "../api/scope";
import { branchNames } from "./branches";

/**
 * What a person types into a filter box. Words must all occur somewhere in the row; `@ann` or
 * `holder:ann`, `branch:`, `kind:` and `project:` look in one place only.
 */
export interface Filter {
  words: string[];
  fields: { field: Field; text: string }[];
}

type Field = "holder" | "branch" | "kind" | "project";
const FIELDS: readonly Field[] = ["holder", "branch", "kind", "project"];

export function parseFilter(text: string): Filter {
  const filter: Filter = { words: [], fields: [] };
  // A phrase in quotes stays together; paths may hold blanks.
  for (const match of text.toLowerCase().matchAll(/(\w+:)?"([^"]*)"?|\S+/g)) {
    const token = match[0];
    const [prefix, quoted] = [match[1], match[2]];
    if (quoted !== undefined && !prefix) {
      if (quoted) filter.words.push(quoted);
      continue;
    }
    if (token.startsWith("@") && token.length > 1) {
      filter.fields.push({ field: "holder", text: token.slice(1) });
      continue;
    }
    const colon = token.indexOf(":");
    const field = FIELDS.find((name) => name === token.slice(0, colon));
    if (field && colon > 0) {
      const value = quoted ?? token.slice(colon + 1);
      if (value) filter.fields.push({ field, text: value });
    } else if (token !== "@") {
      filter.words.push(token);
    }
  }
  return filter;
}

export function isEmpty(filter: Filter): boolean {
  return filter.words.length === 0 && filter.fields.length === 0;
}

const haystacks = new WeakMap<Claim, string>();

function haystack(claim: Claim): string {
  let text = haystacks.get(claim);
  if (text === undefined) {
    text = [claim.label, claim.holder, claim.comment, branchNames(claim), claim.kind, projectOf(claim.scope)]
      .filter(Boolean)
      .join("\n")
      .toLowerCase();
    haystacks.set(claim, text);
  }
  return text;
}

function fieldOf(claim: Claim, field: Field): string {
  if (field === "project") return projectOf(claim.scope) ?? "";
  if (field === "branch") return branchNames(claim) ?? "";
  return claim[field] ?? "";
}

export function matches(claim: Claim, filter: Filter): boolean {
  const text = filter.words.length ? haystack(claim) : "";
  return (
    filter.words.every((word) => text.includes(word)) &&
    filter.fields.every(({ field, text: part }) => fieldOf(claim, field).toLowerCase().includes(part))
  );
}

export function filterClaims(claims: readonly Claim[], text: string): Claim[] {
  const filter = parseFilter(text);
  if (isEmpty(filter)) return claims.slice();
  return claims.filter((claim) => matches(claim, filter));
}
