import { IconBox } from "@tabler/icons-react";
import { asset } from "./asset";
import { document } from "./document";
import { identityKinds } from "./identity";
import type { Kind, NavEntry, Page } from "./kind";

/** Every kind of thing people hold, in the order the menu and the board show them. */
export const kinds: readonly Kind[] = [asset, document];

const all = new Map<string, Kind>([...kinds, ...identityKinds].map((kind) => [kind.name, kind]));

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
    link: (thing) => `/?q=${encodeURIComponent(thing.key)}`,
  };
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

export function knownKinds(): Kind[] {
  return [...all.values()];
}

export const kindPages: Page[] = kinds.flatMap((kind) => kind.pages);
export const kindNav: NavEntry[] = kinds.flatMap((kind) => kind.nav);
