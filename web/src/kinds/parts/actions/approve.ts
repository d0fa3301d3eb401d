import { IconCheck } from "@tabler/icons-react";
import { approve as send } from "../requests";
import { CATEGORY_WORDS, titleOf } from "../words";
import { act, writeRefusal, type PartAction } from "./context";

export const approve: PartAction = {
  name: "approve",
  label: "Approve",
  Icon: IconCheck,
  keys: ["a"],
  main: true,
  refusal: (part, context) => {
    if (part.category !== "review") return undefined;
    if (context.shop?.reviewer_is_not_author && part.author === context.me) return "In this project somebody else approves what you have added.";
    return writeRefusal(context);
  },
  run: (part) => void act(send(part), (now) => `${titleOf(now)} is approved, and on the board ${CATEGORY_WORDS[now.category]}`),
};
