import { IconUserPlus } from "@tabler/icons-react";
import { askAssignee } from "../dialogs";
import { isMine, isOpen, manages, writeRefusal, type PartAction } from "./context";

export const assign: PartAction = {
  name: "assign",
  label: "Assign…",
  Icon: IconUserPlus,
  keys: ["s"],
  refusal: (part, context) => {
    if (!isOpen(part)) return undefined;
    if (manages(context) || isMine(part, context)) return writeRefusal(context);
    return "The holder, or who runs the project, can give it to somebody.";
  },
  run: (part) => askAssignee(part),
};
