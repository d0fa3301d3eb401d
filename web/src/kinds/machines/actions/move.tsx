import { IconArrowsSort } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { MoveDialog } from "../dialogs/MoveDialog";
import type { ReservationAction } from "./context";

export const move: ReservationAction = {
  name: "move",
  label: "Another place…",
  Icon: IconArrowsSort,
  refusal: ({ queue }, { admin }) => (admin && queue ? null : undefined),
  run: (reservation) => show(<MoveDialog reservation={reservation} />),
};
