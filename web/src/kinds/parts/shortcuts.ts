import type { Shortcut } from "../../things/kind";
import { shortcutsOf } from "../../ui/action";
import { partActions } from "./actions";

export const shortcuts: readonly Shortcut[] = [
  [["Shift", "N"], "Add a part"],
  [["Shift", "→"], "Move a part to the next board"],
  [["m"], "Move a part to…"],
  ...shortcutsOf(partActions),
];
