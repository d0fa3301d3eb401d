import { IconFlag } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { PriorityDialog } from "../dialogs/PriorityDialog";
import type { ReservationAction } from "./context";

export const priority: ReservationAction = {
  name: "priority",
  label: "Priority…",
  Icon: IconFlag,
  refusal: ({ queue }, { admin }) => (admin && queue ? null : undefined),
  run: (reservation) => show(<PriorityDialog reservation={reservation} />),
};
