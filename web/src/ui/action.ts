import type { ComponentType } from "react";
import type { IconProps } from "./icon";
import { complain } from "./toast";

/**
 * One thing that can be done with a subject, told once. Menus, bars, buttons, keys and the list of shortcuts
 * are drawn from these.
 */
export interface Action<Subject, Context> {
  name: string;
  label: string | ((subject: Subject) => string);
  Icon: ComponentType<IconProps>;
  /** The keys that do it on a focused row. The list of shortcuts shows the first. */
  keys?: readonly string[];
  /** What the list of shortcuts says; the label where this is missing and the label is one for all. */
  shortcut?: string;
  /** It takes something from somebody. */
  danger?: boolean;
  /** The likeliest thing to do: its button stands out. */
  main?: boolean;
  /** Why the server would refuse it; null when it would not; undefined where it makes no sense and is not shown. */
  refusal: (subject: Subject, context: Context) => string | null | undefined;
  run: (subject: Subject, context: Context) => void;
  /** The same for several at once; missing where they are done one by one. */
  bulk?: {
    label: string;
    refusal: (subjects: readonly Subject[], context: Context) => string | null;
    /** True when nothing stays selected. */
    run: (subjects: readonly Subject[], context: Context) => boolean | void;
  };
}

export function labelOf<Subject>(action: Pick<Action<Subject, never>, "label">, subject: Subject): string {
  return typeof action.label === "string" ? action.label : action.label(subject);
}

/** Do what `key` means on a row, or say why not. False when it means nothing there. */
export function actByKey<Subject, Context>(
  actions: readonly Action<Subject, Context>[],
  key: string,
  subject: Subject,
  context: Context,
): boolean {
  const action = actions.find((one) => one.keys?.includes(key) && one.refusal(subject, context) !== undefined);
  const refusal = action?.refusal(subject, context);
  if (!action || refusal === undefined) return false;
  if (refusal !== null) complain(new Error(refusal));
  else action.run(subject, context);
  return true;
}

/** What the list of shortcuts says of actions that have keys. */
export function shortcutsOf(actions: readonly Pick<Action<never, never>, "keys" | "label" | "shortcut">[]): (readonly [keys: readonly string[], what: string])[] {
  return actions.flatMap(({ keys, shortcut, label }): [string[], string][] =>
    keys?.[0] ? [[[keys[0]], shortcut ?? (typeof label === "string" ? label.replace("…", "") : "")]] : [],
  );
}
