import { IconRotate } from "@tabler/icons-react";
import { askRework } from "../dialogs";
import { isOpen, writeRefusal, type PartAction } from "./context";

export const rework: PartAction = {
  name: "rework",
  label: "Send back for rework…",
  Icon: IconRotate,
  refusal: (part, context) => (isOpen(part) || part.category === "completed" ? writeRefusal(context) : undefined),
  run: (part) => askRework(part),
};
