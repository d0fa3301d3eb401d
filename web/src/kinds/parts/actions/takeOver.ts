import { IconHandGrab } from "@tabler/icons-react";
import { askReason } from "../dialogs";
import { takeOver as send } from "../requests";
import { holderOf, isMine, isOpen, writeRefusal, type PartAction } from "./context";

export const takeOver: PartAction = {
  name: "take-over",
  label: (part) => `Take over from ${holderOf(part)}…`,
  shortcut: "Take a part over",
  Icon: IconHandGrab,
  keys: ["T"],
  danger: true,
  refusal: (part, context) =>
    isOpen(part) && holderOf(part) !== null && !isMine(part, context) ? writeRefusal(context) : undefined,
  run: (part) =>
    askReason(part, {
      title: `Take over from ${holderOf(part)}`,
      label: "Why",
      description: `${holderOf(part)} is told at once.`,
      submit: "Take over",
      done: "It is yours",
      danger: true,
      send: (reason) => send(part, reason),
    }),
};
