import { IconPencil } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { MachineDialog } from "../dialogs/MachineDialog";
import type { MachineAction } from "./context";

export const edit: MachineAction = {
  name: "edit",
  label: "Edit…",
  Icon: IconPencil,
  keys: ["F2"],
  refusal: (_machine, { admin }) => (admin ? null : undefined),
  run: (machine) => show(<MachineDialog machine={machine} />),
};
