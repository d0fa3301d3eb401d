import { IconTrash } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { RemoveMachineDialog } from "../dialogs/RemoveMachineDialog";
import type { MachineAction } from "./context";

export const remove: MachineAction = {
  name: "remove",
  label: "Remove from the pool…",
  Icon: IconTrash,
  danger: true,
  refusal: ({ fence, state }, { admin }) => {
    if (!admin) return undefined;
    if (fence !== null) return "Somebody has it.";
    return state === "cleaning" ? "It is being cleaned." : null;
  },
  run: (machine, context) => show(<RemoveMachineDialog machine={machine} context={context} />),
};
