import { IconServer2, IconTerminal2 } from "@tabler/icons-react";
import type { LogEvent } from "../../api/types";
import type { Kind, Notice, Thing } from "../../things/kind";
import { visible } from "../../ui/names";
import { askToReserve } from "./dialogs";
import { HeldCount } from "./HeldCount";
import { machineLink, reservationLink } from "./links";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// Events are about a machine, or about a reservation, whose key is its id.
function link({ key }: Pick<Thing, "key">): string {
  return UUID.test(key) ? reservationLink(key) : machineLink(key);
}

/** Query keys are those of `queries.ts`. The list of all machines is kept up to date by `follow.ts`, where it is shown. */
function isTouched(queryKey: readonly unknown[], event: LogEvent): boolean {
  const [area, what, which] = queryKey;
  if (area !== "machines" || what === "all") return false;
  if (what === "machine" || what === "holds" || what === "output") return which === event.key;
  return what !== "reservation" || which === event.key || which === event.data.reservation || !UUID.test(event.key);
}

function notice(event: LogEvent, me: { username: string }): Notice | null {
  const { actor, data, verb } = event;
  if (verb === "reservation_shared" && data.to === me.username && data.shared_by) {
    return { title: `${visible(actor ?? "Somebody")} shares machines with you`, message: "Reservations says how you sign in." };
  }
  // Of a reservation only its holder is told, and administrators.
  if (verb === "ending_soon") return { title: "A reservation ends soon", message: "Extend it, or save what is on the machines." };
  if (verb === "reservation_blocked" && data.holder === me.username) {
    return { title: "Others in line go before you for now", message: visible(String(data.reason)) };
  }
  if (verb === "reservation_unblocked" && data.holder === me.username) {
    return { title: "Your place in line can be served again", message: "The pool has the machines that you wait for." };
  }
  return null;
}

export const machine: Kind = {
  name: "machine",
  label: "Machine",
  plural: "Machines",
  Icon: IconServer2,
  nav: [
    { to: "/machines", label: "Machines", Icon: IconServer2, goKey: "m" },
    { to: "/reservations", label: "Reservations", Icon: IconTerminal2, Count: HeldCount, goKey: "r" },
  ],
  pages: [
    { path: "/machines", title: "Machines", load: () => import("./pages").then(({ MachinesPage }) => ({ default: MachinesPage })) },
    { path: "/machines/$name", title: "Machine", load: () => import("./pages").then(({ MachinePage }) => ({ default: MachinePage })) },
    { path: "/reservations", title: "Reservations", load: () => import("./pages").then(({ ReservationsPage }) => ({ default: ReservationsPage })) },
  ],
  nameOf: (key) => (UUID.test(key) ? key.slice(0, 8) : key),
  monospaced: true,
  link,
  isTouched,
  notice,
  take: {
    label: "Reserve machines",
    itLabel: "Reserve machines",
    Icon: IconTerminal2,
    labelFor: (name) => `Reserve ${name}`,
    // A machine's name looks like any other word.
    nameIn: () => null,
    ask: () => askToReserve(),
  },
  shortcuts: async () => [
    [["n"], "Reserve it, or wait for it"],
    [["c"], "Copy the SSH command"],
    [["m"], "Begin or end maintenance"],
    [["F2"], "Edit"],
  ],
  verbs: {
    machine_added: "machine registered",
    machine_changed: "machine changed",
    machine_removed: "machine removed",
    machine_ready: "accounts made",
    machine_failed: "account not made",
    machine_cleaned: "accounts removed",
    machine_quarantined: "quarantined",
    machine_returned: "back in the pool",
    machine_maintenance_begun: "maintenance begun",
    machine_maintenance_ended: "maintenance ended",
    machine_host_key_accepted: "host key accepted",
    machine_booked: "booked",
    machine_booking_ended: "booking ended",
    machine_enrolled: "password replaced by a key",
    reservation_waiting: "waiting for machines",
    reservation_booked: "machines booked",
    reservation_rebooked: "booking changed",
    reservation_begun: "booking begun",
    reservation_late: "booking late",
    reservation_confirmed: "use confirmed",
    reservation_unconfirmed: "use not confirmed",
    confirmation_due: "confirmation due",
    reservation_cancelled: "booking cancelled",
    reservation_blocked: "machines out of service",
    reservation_unblocked: "machines back in service",
    reservation_ready: "reservation ready",
    reservation_failed: "reservation failed",
    reservation_left_queue: "queue left",
    reservation_shared: "reservation shared",
    reservation_unshared: "reservation no longer shared",
    queue_moved: "place in the queue changed",
    ending_soon: "reservation ends soon",
  },
  sentences: {
    acquired: "{actor} reserved {thing}[ until {expires_at}][: “{comment}”]",
    machine_added: "{actor} registered {thing}",
    machine_changed: "{actor} changed {thing}",
    machine_removed: "{actor} removed {thing} from the pool",
    machine_ready: "The account on {thing} is ready",
    machine_failed: "No account could be made on {thing}",
    machine_cleaned: "The account on {thing} is removed",
    machine_quarantined: "{thing} is in quarantine[: {reason}]",
    machine_returned: "{thing} is back in the pool",
    machine_maintenance_begun: "{actor} began maintenance of {thing}[: {reason}]",
    machine_maintenance_ended: "{actor} ended maintenance of {thing}",
    machine_host_key_accepted: "{actor} accepted the new host key of {thing}",
    machine_booked: "{actor} booked {thing}",
    machine_booking_ended: "The booking of {thing} ended",
    reservation_booked: "{actor} booked machines (reservation {thing})",
    reservation_rebooked: "{actor} changed booking {thing}: from {starts_at} to {ends_at}",
    reservation_begun: "Booking {thing} has begun",
    reservation_late: "The machines of booking {thing} are not ready yet",
    reservation_confirmed: "{actor} confirmed reservation {thing}",
    reservation_unconfirmed: "Reservation {thing} ended: nobody confirmed it",
    confirmation_due: "Confirm that you use booking {thing}, or it ends",
    reservation_cancelled: "Booking {thing} is cancelled[: {reason}]",
    machine_enrolled: "{actor} replaced the password of {thing} by a key",
    reservation_waiting: "{actor} waits for machines (reservation {thing})",
    reservation_blocked: "Reservation {thing} cannot be served as the pool is[: {reason}]",
    reservation_unblocked: "Reservation {thing} can be served again",
    reservation_ready: "Reservation {thing} is ready",
    reservation_failed: "Reservation {thing} failed[: {reason}]",
    reservation_left_queue: "Reservation {thing} left the queue",
    reservation_shared: "{actor} shared reservation {thing}[ with {to}]",
    reservation_unshared: "{actor} no longer shares reservation {thing}[ with {to}]",
    queue_moved: "{actor} gave reservation {thing} another place in the queue[: {reason}]",
    ending_soon: "Reservation {thing} ends soon",
  },
};
