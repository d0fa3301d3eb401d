import type { ComponentType } from "react";

export interface IconProps {
  size?: number | string;
  stroke?: number | string;
  className?: string;
  "aria-hidden"?: boolean;
}

export interface NavEntry {
  to: string;
  label: string;
  Icon: ComponentType<IconProps>;
  /** Only for people who may administer the server. */
  admin?: boolean;
}

export interface Page {
  path: string;
  title: string;
  load: () => Promise<{ default: ComponentType }>;
  admin?: boolean;
}

/** The part of a claim or an event that names a thing. */
export interface Thing {
  kind: string;
  scope: string;
  key: string;
}

/**
 * All the page needs to know about one kind of thing. A new kind is one file like `asset.ts` and one
 * line in `registry.ts`: the board, the palette, the activity page and the menu follow from it.
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
}
