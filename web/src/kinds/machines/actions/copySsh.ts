import { IconCopy } from "@tabler/icons-react";
import { queryClient } from "../../../api/queries";
import { copyText } from "../../../ui/CopyLine";
import { say } from "../../../ui/toast";
import { machineQuery } from "../queries";
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
  run: async (machine, { me }) => {
    if (!machine.login) return;
    const jump = machine.jump ? await queryClient.ensureQueryData(machineQuery(machine.jump)) : null;
    const jumpLogin = jump?.holder === me ? jump.login : null;
    if (await copyText(sshCommand(machine.login, machine, jump, jumpLogin))) say("Copied");
  },
};
