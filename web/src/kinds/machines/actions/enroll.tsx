import { IconKey } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { EnrollDialog } from "../dialogs/EnrollDialog";
import type { MachineAction } from "./context";

export const enroll: MachineAction = {
  name: "enroll",
  label: "Replace its password by a key…",
  Icon: IconKey,
  refusal: ({ has_password: has }, { admin }) => (admin && has ? null : undefined),
  run: (machine) => show(<EnrollDialog machine={machine} />),
};
