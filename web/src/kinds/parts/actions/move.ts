import { IconArrowRight } from "@tabler/icons-react";
import { COLUMNS } from "../board";
import { moveTo } from "../moves";
import { CATEGORY_WORDS } from "../words";
import type { PartAction } from "./context";

/** One for each column that a part can come into. */
export const moveActions: readonly PartAction[] = COLUMNS.filter((column) => column !== "review").map((column) => ({
  name: `move-${column}`,
  label: `To ${CATEGORY_WORDS[column]}`,
  Icon: IconArrowRight,
  refusal: (part, context) => (part.category === column ? undefined : moveTo(part, column, context).refusal),
  run: (part, context) => {
    const move = moveTo(part, column, context);
    if (move.refusal === null) void move.run();
  },
}));
