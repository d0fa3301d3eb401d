import { IconCircleOff } from "@tabler/icons-react";
import { unblock as send } from "../requests";
import { titleOf } from "../words";
import { act, writeRefusal, type PartAction } from "./context";

export const unblock: PartAction = {
  name: "unblock",
  label: "The problem is solved",
  Icon: IconCircleOff,
  keys: ["b"],
  refusal: (part, context) => (part.blocked ? writeRefusal(context) : undefined),
  run: (part) => void act(send(part), `${titleOf(part)} can go on`),
};
