import type { Machine, Reservation } from "../../api/types";
import { lookOf, type Look } from "../../ui/StateMark";

const MACHINE: Record<string, Look> = {
  free: { label: "Free", tone: "good", title: "It can be reserved" },
  held: { label: "Held", tone: "busy", title: "Somebody has it" },
  preparing: { label: "Preparing", tone: "soon", title: "The account on it is being made" },
  cleaning: { label: "Cleaning", tone: "soon", title: "The account of the last hold is being removed" },
  promised: { label: "Promised", tone: "soon", title: "Kept for somebody in the queue" },
  maintenance: { label: "Maintenance", tone: "quiet", title: "Nobody new gets it" },
  quarantined: { label: "Quarantined", tone: "bad", title: "Out of the pool, because something is wrong with it" },
  disabled: { label: "Disabled", tone: "quiet", title: "Out of the pool" },
};

const RESERVATION: Record<string, Look> = {
  waiting: { label: "Waiting", tone: "soon", title: "In the queue" },
  booked: { label: "Booked", tone: "busy", title: "Begins later" },
  preparing: { label: "Preparing", tone: "soon", title: "The accounts are being made" },
  ready: { label: "Ready", tone: "good", title: "The accounts are there" },
  failed: { label: "Failed", tone: "bad", title: "The accounts could not be made" },
  ended: { label: "Ended", tone: "quiet", title: "It is over" },
  cleaning: { label: "Cleaning", tone: "soon", title: "The account is being removed" },
};

export const machineLook = (state: string): Look => lookOf(MACHINE, state);
export const reservationLook = (state: string): Look => lookOf(RESERVATION, state);

/** The order of the states when one sorts by them: what can be had first. */
export const STATES: readonly string[] = Object.keys(MACHINE);

/** What the page's filter by state offers. */
export const STATE_GROUPS = {
  free: { label: "Free", states: ["free"] },
  held: { label: "In use", states: ["held", "preparing", "cleaning", "promised"] },
  out: { label: "Out of service", states: ["maintenance", "quarantined", "disabled"] },
} as const;

export type StateGroup = keyof typeof STATE_GROUPS;

export function isInGroup(machine: Machine, group: string | null): boolean {
  if (group === null || !(group in STATE_GROUPS)) return true;
  return (STATE_GROUPS[group as StateGroup].states as readonly string[]).includes(machine.state);
}

type Content = "machines" | "booked_machines" | "names" | "count" | "tags";

const ORDER: readonly string[] = ["ready", "booked", "waiting"];

/** What one has first, then what is booked, then what is waited for; each by what happens first. */
export function sortReservations<One extends Pick<Reservation, "state" | "starts_at" | "ends_at" | "created_at">>(all: readonly One[]): One[] {
  const key = ({ state, starts_at: start, ends_at: end, created_at: made }: One): string => {
    const rank = state === "preparing" ? 0 : ORDER.indexOf(state);
    return `${rank}${state === "booked" ? start : state === "waiting" ? made : end}`;
  };
  return [...all].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What a reservation is called where it has no name: its purpose, or what it is of. */
export function reservationTitle(reservation: Pick<Reservation, Content | "purpose">): string {
  const { purpose } = reservation;
  return purpose?.trim() ? purpose : contentText(reservation);
}

/** "gpu-1", "3 machines", "2 machines with gpu && !flaky". */
export function contentText({ machines, booked_machines: booked, names, count, tags }: Pick<Reservation, Content>): string {
  const known = machines.length ? machines.map((one) => one.machine) : booked.length ? booked : names;
  if (known.length === 1) return known[0]!;
  const many = Math.max(known.length, count);
  return `${many === 1 ? "1 machine" : `${many} machines`}${tags ? ` with ${tags}` : ""}`;
}
