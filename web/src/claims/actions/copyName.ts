import { IconCopy } from "@tabler/icons-react";
import { copyText } from "../../ui/CopyLine";
import { say } from "../../ui/toast";
import type { ClaimAction } from "./context";

export const copyName: ClaimAction = {
  name: "copy-name",
  label: "Copy the name",
  Icon: IconCopy,
  refusal: () => null,
  run: async (claim) => {
    if (await copyText(claim.label)) say("Copied");
  },
};
