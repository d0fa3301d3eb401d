import { IconDoorExit, IconShieldX } from "@tabler/icons-react";
import { queryClient } from "../../../api/queries";
import type { Reservation } from "../../../api/types";
import { show } from "../../../overlays/overlays";
import { doLater } from "../../../ui/later";
import { ReasonDialog } from "../dialogs/ReasonDialog";
import { leaving, readAgain } from "../queries";
import { giveBack as send } from "../requests";
import { contentText } from "../states";
import type { ReservationAction } from "./context";

const OVER: readonly string[] = ["ended", "failed"];

/** Give all machines back, or leave the queue. It is gone from the page at once, and can be taken back for a moment. */
export const giveBack: ReservationAction = {
  name: "give-back",
  label: ({ state }) => (state === "waiting" ? "Leave the queue" : state === "booked" ? "Cancel the booking" : "Release"),
  Icon: IconDoorExit,
  main: true,
  refusal: ({ state, holder }, { me }) => (holder === me && !OVER.includes(state) ? null : undefined),
  run: giveBackSoon,
};

function giveBackSoon(reservation: Reservation): void {
  const { id, state } = reservation;
  const what = contentText(reservation);
  const done = state === "waiting" ? `Left the queue for ${what}` : state === "booked" ? `Cancelled the booking of ${what}` : `Released ${what}`;
  leaving.add(id);
  for (const key of ["reservations", "queue"]) {
    queryClient.setQueriesData<Reservation[]>({ queryKey: ["machines", key] }, (all) => all?.filter((one) => one.id !== id));
  }
  const back = (): void => {
    leaving.delete(id);
    void readAgain();
  };
  doLater(done, () => send(id, null).finally(() => leaving.delete(id)), back);
}

/** For administrators, of what is somebody else's. */
export const endIt: ReservationAction = {
  name: "end",
  label: ({ state }) => (state === "waiting" ? "Take it out of the queue…" : "End it…"),
  Icon: IconShieldX,
  danger: true,
  refusal: ({ state, holder }, { me, admin }) => (admin && holder !== me && !OVER.includes(state) ? null : undefined),
  run: (reservation) => {
    const { id, holder, state } = reservation;
    const waits = state === "waiting";
    show(
      <ReasonDialog
        title={waits ? `Take ${holder} out of the queue` : `End ${holder}’s reservation`}
        note={waits ? `${holder} loses the place for ${contentText(reservation)}.` : `The accounts on ${contentText(reservation)} are removed.`}
        placeholder="Needed for tonight's build"
        submit={waits ? "Take it out" : `Take from ${holder}`}
        danger
        required
        onSubmit={async (reason) => {
          await send(id, reason);
          return waits ? `${holder} no longer waits` : "It has ended";
        }}
      />,
    );
  },
};
