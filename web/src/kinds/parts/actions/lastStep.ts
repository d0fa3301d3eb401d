import { IconChecks } from "@tabler/icons-react";
import { lastStep as send } from "../requests";
import { LAST_STEP_WORDS, titleOf } from "../words";
import { act, writeRefusal, type PartAction } from "./context";

export const lastStep: PartAction = {
  name: "last-step",
  label: (part) => (part.last_step ? LAST_STEP_WORDS[part.last_step] : ""),
  shortcut: "Inspected, or picked up",
  Icon: IconChecks,
  keys: ["i"],
  main: true,
  refusal: (part, context) =>
    part.category === "completed" && part.last_step && !part.last_step_done ? writeRefusal(context) : undefined,
  run: (part) => void act(send(part), `${titleOf(part)}: ${LAST_STEP_WORDS[part.last_step!].toLowerCase()}`),
};
