import { IconUsersPlus } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { ShareDialog } from "../dialogs/ShareDialog";
import type { ReservationAction } from "./context";
import { whileHeldOrBooked } from "./whose";

export const share: ReservationAction = {
  name: "share",
  label: "Share…",
  Icon: IconUsersPlus,
  refusal: whileHeldOrBooked,
  run: (reservation) => show(<ShareDialog reservation={reservation} />),
};
