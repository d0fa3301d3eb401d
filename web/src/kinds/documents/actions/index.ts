import type { RowAction } from "./context";
import { lock } from "./lock";
import { move } from "./move";
import { newVersion } from "./newVersion";
import { remove } from "./remove";
import { submit } from "./submit";
import { unlock } from "./unlock";

export { rightRefusal, type RowAction, type RowContext } from "./context";

/** What can be done with a file or a folder, in the order of the menu. */
export const rowActions: readonly RowAction[] = [newVersion, submit, lock, unlock, move, remove];
