import { IconBox } from "@tabler/icons-react";
import { identityKinds } from "./identity";
import type { Kind, Thing } from "./kind";

const all = new Map<string, Kind>(identityKinds.map((kind) => [kind.name, kind]));
let held: readonly Kind[] = [];

/** Make known the kinds of thing people hold, in the order the menu and the board show them. */
export function registerKinds(kinds: readonly Kind[]): void {
  held = [...held, ...kinds];
  const others = [...all.values()];
  all.clear();
  for (const kind of [...held, ...others.filter((one) => !held.includes(one))]) all.set(kind.name, kind);
}

/** Every kind of thing people hold, as far as this page knows them. */
export function heldKinds(): readonly Kind[] {
  return held;
}

/** A kind this page has never heard of (a third party's) still gets a readable row. */
function unknownKind(name: string): Kind {
  const words = name.replaceAll("_", " ");
  const label = words.charAt(0).toUpperCase() + words.slice(1);
  return {
    name,
    label,
    plural: `${label}s`,
    Icon: IconBox,
    nav: [],
    pages: [],
    sentences: {},
    nameOf: (key) => key,
    monospaced: false,
    link: thingLink,
  };
}

/** The board, with the drawer for things of kinds that have no page of their own. */
export function thingLink({ kind, scope, key }: Thing): string {
  return `/?${new URLSearchParams({ kind, scope, key })}`;
}

export function kindOf(name: string): Kind {
  let kind = all.get(name);
  if (!kind) {
    kind = unknownKind(name);
    all.set(name, kind);
  }
  return kind;
}

/** What the server calls the thing an event is about. */
export function labelOfThing(event: { kind: string; key: string; data: Record<string, unknown> }): string {
  const { label } = event.data;
  return typeof label === "string" && label ? label : kindOf(event.kind).nameOf(event.key);
}

/** What people call a thing that the server calls `label`. */
export function shownName(kind: string, label: string): string {
  return kindOf(kind).shownAs?.(label) ?? label;
}

/** What people call the thing an event is about. */
export function nameOfThing(event: { kind: string; key: string; data: Record<string, unknown> }): string {
  return shownName(event.kind, labelOfThing(event));
}

/** Also what nobody holds but the log speaks of, and third parties' kinds seen so far. */
export function knownKinds(): Kind[] {
  return [...all.values()];
}
