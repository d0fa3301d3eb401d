import { IconStack } from "@tabler/icons-react";
import { askMaterials } from "../dialogs";
import { writeRefusal, type PartAction } from "./context";

export const materials: PartAction = {
  name: "materials",
  label: "Reserve material…",
  Icon: IconStack,
  refusal: (part, context) => (part.category === "completed" ? undefined : writeRefusal(context)),
  run: (part) => askMaterials(part),
};
