import type { Reservation } from "../../../api/types";
import type { PoolContext } from "./context";

/** For what only the holder does, and only while there are machines. */
export function whileHeld({ state, holder }: Reservation, { me }: PoolContext): null | undefined {
  return holder === me && (state === "preparing" || state === "ready") ? null : undefined;
}

/** The same, and before a booking begins. */
export function whileHeldOrBooked(reservation: Reservation, context: PoolContext): null | undefined {
  return reservation.state === "booked" && reservation.holder === context.me ? null : whileHeld(reservation, context);
}
