import { IconFingerprint } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { AcceptKeyDialog } from "../dialogs/AcceptKeyDialog";
import type { MachineAction } from "./context";

export const acceptKey: MachineAction = {
  name: "accept-key",
  label: "Accept its new host key…",
  Icon: IconFingerprint,
  refusal: ({ offered_host_key: offered }, { admin }) => (admin && offered !== null ? null : undefined),
  run: (machine) => show(<AcceptKeyDialog machine={machine} />),
};
