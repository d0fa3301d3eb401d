import { IconPencil } from "@tabler/icons-react";
import { askEdit } from "../dialogs";
import { writeRefusal, type PartAction } from "./context";

export const edit: PartAction = {
  name: "edit",
  label: "Edit…",
  Icon: IconPencil,
  keys: ["e"],
  refusal: (_part, context) => writeRefusal(context),
  run: (part) => askEdit(part),
};
