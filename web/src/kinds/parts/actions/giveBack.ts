import { IconArrowBackUp } from "@tabler/icons-react";
import { askReason } from "../dialogs";
import { giveBack as send } from "../requests";
import { titleOf } from "../words";
import { act, holderOf, isMine, isOpen, manages, writeRefusal, type PartAction } from "./context";

export const giveBack: PartAction = {
  name: "give-back",
  label: "Give back",
  Icon: IconArrowBackUp,
  keys: ["r"],
  refusal: (part, context) => {
    if (!isOpen(part) || holderOf(part) === null) return undefined;
    if (isMine(part, context) || manages(context)) return writeRefusal(context);
    return `Only ${holderOf(part)} can give it back.`;
  },
  run: (part, context) => {
    if (isMine(part, context)) void act(send(part), `${titleOf(part)} is free again`);
    else
      askReason(part, {
        title: `Take it from ${holderOf(part)}`,
        label: "Why",
        description: `It is free again, and ${holderOf(part)} is told.`,
        submit: "Free it",
        done: "It is free again",
        danger: true,
        send: (reason) => send(part, reason),
      });
  },
};
