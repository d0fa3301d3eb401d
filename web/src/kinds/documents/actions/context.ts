import type { Action } from "../../../ui/action";
import type { Ask } from "../ask";
import type { HoldOf } from "../hold";
import type { Row } from "../rows";

/** What the actions on files and folders need to know beside the row. */
export interface RowContext {
  /** What the server lets the person do in this folder: "write", "lock", "delete"… */
  can: readonly string[];
  me: string;
  holdOf: HoldOf;
  onAsk: (ask: Ask) => void;
}

export type RowAction = Action<Row, RowContext>;

export const LOOK_ONLY = "You may look here, not change.";

/** Why a right is missing in a place; null where it is there. */
export function rightRefusal(can: readonly string[], right: "write" | "lock" | "delete"): string | null {
  return can.includes(right) ? null : LOOK_ONLY;
}

/** Null when a row may be changed this way; else that the place allows no such thing, or who holds the file. */
export function refusalOf(row: Row, right: "write" | "lock" | "delete", { can, me, holdOf }: RowContext): string | null {
  if (!can.includes(right)) return LOOK_ONLY;
  const hold = row.type === "file" ? holdOf(row.file) : null;
  return hold && hold.holder !== me ? `${hold.holder} holds it.` : null;
}
