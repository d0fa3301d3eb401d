import { IconUsersPlus } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { ShareDialog } from "../dialogs/ShareDialog";
import type { ReservationAction } from "./context";
import { whileHeld } from "./whose";

export const share: ReservationAction = {
  name: "share",
  label: "Share…",
  Icon: IconUsersPlus,
  refusal: whileHeld,
  run: (reservation) => show(<ShareDialog reservation={reservation} />),
};
