import { useQuery } from "@tanstack/react-query";
import { useOverlay } from "../../../overlays/overlays";
import { ListState } from "../../../ui/ListState";
import { ThingDrawer } from "../../../ui/ThingDrawer";
import type { PoolContext } from "../actions/context";
import { reservationQuery } from "../queries";
import { ReservationCard } from "./ReservationCard";

/** One reservation by its id: what the log and the queue lead to. */
export function ReservationDrawer({ id, context, onClose }: { id: string; context: PoolContext; onClose: () => void }) {
  const query = useQuery(reservationQuery(id));
  const overlay = useOverlay();
  return (
    <ThingDrawer title="Reservation" size={540} covered={overlay !== null} onClose={onClose}>
      <ListState query={query} />
      {query.data && <ReservationCard reservation={query.data} context={context} />}
    </ThingDrawer>
  );
}
