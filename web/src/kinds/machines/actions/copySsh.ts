import { IconCopy } from "@tabler/icons-react";
import { copyText } from "../../../ui/CopyLine";
import { say } from "../../../ui/toast";
import { sshCommand } from "../ssh";
import type { MachineAction } from "./context";

export const copySsh: MachineAction = {
  name: "copy-ssh",
  label: "Copy the SSH command",
  Icon: IconCopy,
  keys: ["c"],
  refusal: ({ holder, login, state }, { me }) => {
    if (holder !== me || login === null) return undefined;
    return state === "preparing" ? "The account is being made." : null;
  },
  run: async (machine) => {
    if (machine.login && (await copyText(sshCommand(machine.login, machine)))) say("Copied");
  },
};
