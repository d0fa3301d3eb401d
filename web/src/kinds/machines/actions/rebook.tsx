import { IconCalendarTime } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { RebookDialog } from "../dialogs/RebookDialog";
import type { ReservationAction } from "./context";

export const rebook: ReservationAction = {
  name: "rebook",
  label: "Change…",
  Icon: IconCalendarTime,
  refusal: ({ holder, state }, { me }) => (holder === me && state === "booked" ? null : undefined),
  run: (reservation) => show(<RebookDialog reservation={reservation} />),
};
