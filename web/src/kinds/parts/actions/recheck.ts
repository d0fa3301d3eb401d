import { IconEyeCheck } from "@tabler/icons-react";
import { recheck as send } from "../requests";
import { act, isMine, writeRefusal, type PartAction } from "./context";

export const recheck: PartAction = {
  name: "recheck",
  label: "I have looked at the new revision",
  Icon: IconEyeCheck,
  main: true,
  refusal: (part, context) => (part.claim?.recheck && isMine(part, context) ? writeRefusal(context) : undefined),
  run: (part) => void act(send(part), (now) => `You work to revision ${now.claim?.revision ?? now.revision} now`),
};
