import { IconClockPlus } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { ExtendDialog } from "../dialogs/ExtendDialog";
import type { ReservationAction } from "./context";
import { whileHeld } from "./whose";

export const extend: ReservationAction = {
  name: "extend",
  label: "Extend…",
  Icon: IconClockPlus,
  refusal: whileHeld,
  run: (reservation) => show(<ExtendDialog reservation={reservation} />),
};
