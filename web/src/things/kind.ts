import type { ComponentType } from "react";
import type { Claim, LogEvent } from "../api/types";
import type { Action } from "../ui/action";
import type { IconProps } from "../ui/icon";

export interface NavEntry {
  to: string;
  label: string;
  Icon: ComponentType<IconProps>;
  /** Only for people who may administer the server. */
  admin?: boolean;
  /** Goes there when pressed after "g". */
  goKey?: string;
  /** What the list of shortcuts says, where the label alone would not do. */
  goLabel?: string;
  /** What stands at the end of the entry: how many wait. */
  Count?: ComponentType;
}

export interface Page {
  path: string;
  title: string;
  load: () => Promise<{ default: ComponentType }>;
  admin?: boolean;
  /** It stands alone, for people who need not have signed in. */
  bare?: boolean;
}

/** The part of a claim or an event that names a thing. */
export interface Thing {
  kind: string;
  scope: string;
  key: string;
  /** What the server calls it, where that is not its key. */
  label?: string;
  data?: Record<string, unknown>;
}

/** What a search for a thing by name found. */
export interface Found {
  id: string;
  label: string;
  /** Where it is, in a few words. */
  note: string;
  to: string;
}

/** What the actions on claims need to know beside the claim. */
export interface ClaimContext {
  /** The username of the person at this page. */
  me: string;
  go: (to: string) => void;
}

export type ClaimAction = Action<Claim, ClaimContext>;

/** How one takes a thing of a kind by its name, from the board and the palette. */
export interface Take {
  /** "Lock a path". */
  label: string;
  Icon: ComponentType<IconProps>;
  /** The same for a name that stands above the button: "Lock it". */
  itLabel: string;
  /** "Lock Content/Hero.uasset". */
  labelFor: (name: string) => string;
  /** The name in a text that somebody typed; null when it can be none. */
  nameIn: (text: string) => string | null;
  /** Opens the question; what is known already stands there. */
  ask: (name?: string) => void;
}

export type Shortcut = readonly [keys: readonly string[], what: string];

/** What a person is told of at once, wherever they are. */
export interface Notice {
  title: string;
  message: string;
}

/**
 * All the page needs to know about one kind of thing. A new kind is one folder in `kinds/` and one
 * line in `kinds/index.ts`: the board, the palette, the activity page and the menu follow from it.
 */
export interface Kind {
  name: string;
  label: string;
  plural: string;
  Icon: ComponentType<IconProps>;
  nav: NavEntry[];
  pages: Page[];
  /** Verb -> sentence, see `sentences.ts` for the notation. */
  sentences: Record<string, string>;
  /** What people call the thing. */
  nameOf: (key: string) => string;
  /** Names that read best in a fixed-width face: paths, host names. */
  monospaced: boolean;
  /** The address of the thing in this page. */
  link: (thing: Thing) => string;
  /** The server's label in the words of people who know where they are. */
  shownAs?: (label: string) => string;
  /** Whether what was read under this key may have changed by this event. */
  isTouched?: (queryKey: readonly unknown[], event: LogEvent) => boolean;
  /** Kind of event -> keys of what is then simply read again: lists that are small and seldom change. */
  readAgainOn?: Record<string, string[][]>;
  /** Things of this kind by words of their names, held or not. */
  search?: (text: string, signal: AbortSignal) => Promise<Found[]>;
  /** What can be done with a claim of this kind beside what can be done with all. */
  actions?: readonly ClaimAction[];
  /**
   * The kind's own way to give claims back, or with a reason to take them away: for kinds that keep more than the
   * log, or that can do it for many at once.
   */
  release?: (claims: readonly Claim[], reason: string | null) => Promise<void>;
  take?: Take;
  /** What a person wants to be told of at once; null for what only the log tells. */
  notice?: (event: LogEvent, me: { username: string; uuid: string }) => Notice | null;
  /** Keys of its pages, for the list of shortcuts. Loaded then: actions are code of the pages, not of the first file. */
  shortcuts?: () => Promise<readonly Shortcut[]>;
  /** Verb -> how the filter of the log calls it, for verbs that claims of all kinds do not have. */
  verbs?: Record<string, string>;
  /** Opens the question what to write to a thing's holder; missing where holders cannot be written to. */
  askHolder?: (claim: Claim) => void;
  /** Drawn over every page: what goes on wherever one is. */
  Everywhere?: ComponentType;
}

/** What happens to holdings, whatever their kind. */
export const CLAIM_VERBS: ReadonlySet<string> = new Set([
  "acquired",
  "renewed",
  "released",
  "force_released",
  "transferred",
  "expired",
  "queued",
  "unqueued",
  "offered",
]);
