import { IconTrash } from "@tabler/icons-react";
import { askRemove } from "../dialogs";
import { manages, writeRefusal, type PartAction } from "./context";

export const remove: PartAction = {
  name: "remove",
  label: "Delete…",
  Icon: IconTrash,
  keys: ["Delete"],
  danger: true,
  refusal: (part, context) => {
    if (part.author !== context.me && !manages(context)) return "Its author, or who runs the project, can delete it.";
    return writeRefusal(context);
  },
  run: (part, { go }) => askRemove(part, () => location.pathname.endsWith(`/parts/${part.id}`) && go("/parts")),
};
