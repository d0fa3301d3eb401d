import { IconArrowBack } from "@tabler/icons-react";
import { askReason } from "../dialogs";
import { revert as send } from "../requests";
import { writeRefusal, type PartAction } from "./context";

export const revert: PartAction = {
  name: "revert",
  label: "Not done after all…",
  Icon: IconArrowBack,
  refusal: (part, context) => (part.category === "completed" ? writeRefusal(context) : undefined),
  run: (part) =>
    askReason(part, {
      title: "Not done after all",
      label: "Why",
      description: "It goes back to its board. Its history and its counts stay.",
      submit: "Back to the board",
      done: "It is back on its board",
      optional: true,
      send: (reason) => send(part, reason),
    }),
};
