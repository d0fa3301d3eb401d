import { IconBan } from "@tabler/icons-react";
import { askReason } from "../dialogs";
import { block as send } from "../requests";
import { writeRefusal, type PartAction } from "./context";

export const block: PartAction = {
  name: "block",
  label: "Report a problem…",
  Icon: IconBan,
  keys: ["b"],
  refusal: (part, context) => (part.category === "completed" || part.blocked ? undefined : writeRefusal(context)),
  run: (part) =>
    askReason(part, {
      title: "Report a problem",
      label: "What stops it",
      description: "The part is marked as blocked until somebody clears it.",
      placeholder: "The 6 mm end mill is broken",
      submit: "Block it",
      done: "It is marked as blocked",
      send: (reason) => send(part, reason),
    }),
};
