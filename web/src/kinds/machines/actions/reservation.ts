import { IconListDetails } from "@tabler/icons-react";
import { reservationLink } from "../links";
import type { MachineAction } from "./context";

/** The whole reservation that a machine belongs to: its end, its people, its other machines. */
export const reservation: MachineAction = {
  name: "reservation",
  label: "Its reservation",
  Icon: IconListDetails,
  refusal: ({ reservation: id, holder }, { me, admin }) => (id !== null && (holder === me || admin) ? null : undefined),
  run: ({ reservation: id }, { go }) => go(reservationLink(id!)),
};
