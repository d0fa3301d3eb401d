import { IconX } from "@tabler/icons-react";
import { askReason } from "../dialogs";
import { reject as send } from "../requests";
import { writeRefusal, type PartAction } from "./context";

export const reject: PartAction = {
  name: "reject",
  label: "Reject…",
  Icon: IconX,
  keys: ["x"],
  refusal: (part, context) => (part.category === "review" ? writeRefusal(context) : undefined),
  run: (part) =>
    askReason(part, {
      title: "Reject it",
      label: "What has to change",
      submit: "Reject",
      done: "Rejected",
      send: (reason) => send(part, reason),
    }),
};
