import { IconListNumbers } from "@tabler/icons-react";
import { askSteps } from "../dialogs";
import { writeRefusal, type PartAction } from "./context";

export const steps: PartAction = {
  name: "steps",
  label: "Plan the steps…",
  Icon: IconListNumbers,
  refusal: (part, context) => (part.category === "completed" ? undefined : writeRefusal(context)),
  run: (part) => askSteps(part),
};
