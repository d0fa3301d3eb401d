import { IconNumbers } from "@tabler/icons-react";
import { askCount } from "../dialogs";
import { isOpen, writeRefusal, type PartAction } from "./context";

export const count: PartAction = {
  name: "count",
  label: "Count pieces…",
  Icon: IconNumbers,
  keys: ["c"],
  refusal: (part, context) => (isOpen(part) ? writeRefusal(context) : undefined),
  run: (part) => askCount(part),
};
