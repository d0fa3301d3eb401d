import { IconCircleCheck } from "@tabler/icons-react";
import { askOverride } from "../dialogs";
import { done as send } from "../requests";
import { CATEGORY_WORDS, titleOf } from "../words";
import { act, isMine, isOpen, writeRefusal, type PartAction } from "./context";

export const done: PartAction = {
  name: "done",
  label: (part) => (part.step ? `Done: ${part.step.process}` : "Done"),
  shortcut: "Done",
  Icon: IconCircleCheck,
  keys: ["d"],
  main: true,
  refusal: (part, context) => {
    if (!isOpen(part)) return undefined;
    if (part.blocked) return `It is blocked: ${part.blocked.reason ?? "no reason given"}`;
    return writeRefusal(context);
  },
  run: (part, context) => {
    if (part.claim?.recheck) askOverride(part, isMine(part, context));
    else
      void act(send(part), (now) =>
        now.category === "completed" ? `${titleOf(now)} is done` : `Step done. Next: ${now.step?.process ?? CATEGORY_WORDS[now.category]}`,
      );
  },
};
