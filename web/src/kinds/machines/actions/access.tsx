import { IconKey } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { AccessDialog } from "../dialogs/AccessDialog";
import type { ReservationAction } from "./context";
import { whileHeldOrBooked } from "./whose";

export const access: ReservationAction = {
  name: "access",
  label: "Keys and password…",
  Icon: IconKey,
  refusal: whileHeldOrBooked,
  run: (reservation) => show(<AccessDialog reservation={reservation} />),
};
