import { access } from "./access";
import { certificate } from "./certificate";
import { confirm } from "./confirm";
import type { ReservationAction } from "./context";
import { extend } from "./extend";
import { endIt, giveBack } from "./giveBack";
import { move } from "./move";
import { passOn } from "./passOn";
import { priority } from "./priority";
import { rebook } from "./rebook";
import { share } from "./share";

/** What its holder does with a reservation, as buttons. */
export const ownActions: readonly ReservationAction[] = [confirm, certificate, extend, rebook, share, access, passOn, giveBack];

/** What administrators do with those of others. */
export const adminActions: readonly ReservationAction[] = [move, priority, endIt];

export const reservationActions: readonly ReservationAction[] = [...ownActions, ...adminActions];
