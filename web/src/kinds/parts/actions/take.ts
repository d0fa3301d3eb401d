import { IconHandGrab } from "@tabler/icons-react";
import { take as send } from "../requests";
import { titleOf } from "../words";
import { act, holderOf, isOpen, writeRefusal, type PartAction } from "./context";

export const take: PartAction = {
  name: "take",
  label: "Take it",
  Icon: IconHandGrab,
  keys: ["t"],
  main: true,
  refusal: (part, context) => (isOpen(part) && holderOf(part) === null ? writeRefusal(context) : undefined),
  run: (part) => void act(send(part), `${titleOf(part)} is yours`),
};
