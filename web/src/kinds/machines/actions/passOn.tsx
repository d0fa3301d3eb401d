import { IconUserShare } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { PassOnDialog } from "../dialogs/PassOnDialog";
import type { ReservationAction } from "./context";
import { whileHeld } from "./whose";

export const passOn: ReservationAction = {
  name: "pass-on",
  label: "Hand over…",
  Icon: IconUserShare,
  refusal: whileHeld,
  run: (reservation) => show(<PassOnDialog reservation={reservation} />),
};
