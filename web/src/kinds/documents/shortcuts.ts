import type { Shortcut } from "../../things/kind";
import { shortcutsOf } from "../../ui/action";
import { rowActions } from "./actions";

export const shortcuts: readonly Shortcut[] = [
  [["Shift", "U"], "Upload files"],
  [["Shift", "N"], "New folder"],
  ...shortcutsOf(rowActions),
];
