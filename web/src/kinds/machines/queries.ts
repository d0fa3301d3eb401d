import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, query } from "../../api/client";
import { queryClient } from "../../api/queries";
import type {
  CalendarFeed,
  Machine,
  MachineHistory,
  MachineOutput,
  MachinePage,
  PoolCalendar,
  PoolPreview,
  PoolQueue,
  Reservation,
  ReservationOutput,
  ReservationPage,
} from "../../api/types";

// `kind.ts` knows these keys: it tells which of them an event touches.

const PAGE = 5000;

async function allMachines(signal: AbortSignal): Promise<Machine[]> {
  const machines: Machine[] = [];
  let after: string | null = null;
  do {
    const page: MachinePage = await api<MachinePage>(`pool/machines${query({ limit: PAGE, after })}`, { signal });
    machines.push(...page.machines);
    after = page.next;
  } while (after);
  return machines;
}

export const machinesQuery = queryOptions({
  queryKey: ["machines", "all"],
  queryFn: ({ signal }) => allMachines(signal),
  staleTime: 2_000,
  // No event tells that a machine which was not looked at before answers.
  refetchInterval: 60_000,
});

export const machineQuery = (name: string) =>
  queryOptions({
    queryKey: ["machines", "machine", name],
    queryFn: ({ signal }) => api<Machine>(machinePath(name), { signal }),
    staleTime: 0,
    refetchInterval: 30_000,
  });

export function machinePath(name: string): string {
  return `pool/machines/${encodeURIComponent(name)}`;
}

const HOLDS_PAGE = 25;

/** Who has had a machine, the latest first. */
export const machineHoldsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: ["machines", "holds", name],
    queryFn: async ({ signal, pageParam }) => {
      const path = `${machinePath(name)}/history${query({ before: pageParam, limit: HOLDS_PAGE })}`;
      return (await api<MachineHistory>(path, { signal })).holds;
    },
    initialPageParam: null as number | null,
    getNextPageParam: (last) => (last.length < HOLDS_PAGE ? undefined : last.at(-1)?.reservation_id),
    staleTime: 0,
  });

/** For administrators. */
export const machineOutputQuery = (name: string) =>
  queryOptions({
    queryKey: ["machines", "output", name],
    queryFn: ({ signal }) => api<MachineOutput>(`${machinePath(name)}/output`, { signal }),
    staleTime: 0,
  });

export const CURRENT_STATES: readonly string[] = ["waiting", "booked", "preparing", "ready"];
const PAST_PAGE = 20;

/** Reservations that are given back in a moment: until then they are out of sight. */
export const leaving = new Set<string>();

const states = (names: readonly string[]): string => names.map((name) => `&state=${name}`).join("");

/** What goes on and what waits: the person's own and what is shared with them, or for administrators everybody's. */
export const reservationsQuery = (whose: "mine" | "all") =>
  queryOptions({
    queryKey: ["machines", "reservations", whose],
    queryFn: async ({ signal }) => {
      const of = `pool/reservations?mine=${whose === "mine"}&shared=true&limit=500`;
      const { reservations } = await api<ReservationPage>(of + states(CURRENT_STATES), { signal });
      return reservations.filter(({ id }) => !leaving.has(id));
    },
    staleTime: 0,
    refetchInterval: 60_000,
  });

/** What has ended, the latest first. */
export const pastQuery = (whose: "mine" | "all") =>
  infiniteQueryOptions({
    queryKey: ["machines", "past", whose],
    queryFn: async ({ signal, pageParam }) => {
      const of = `pool/reservations?mine=${whose === "mine"}&limit=${PAST_PAGE}&offset=${pageParam}`;
      return (await api<ReservationPage>(of + states(["failed", "ended"]), { signal })).reservations;
    },
    initialPageParam: 0,
    getNextPageParam: (last, pages) => (last.length < PAST_PAGE ? undefined : pages.length * PAST_PAGE),
    staleTime: 0,
  });

export const reservationQuery = (id: string) =>
  queryOptions({
    queryKey: ["machines", "reservation", id],
    queryFn: ({ signal }) => api<Reservation>(`reservations/${encodeURIComponent(id)}`, { signal }),
    staleTime: 0,
  });

/** What was done last on its machines: for its holder and administrators. */
export const reservationOutputQuery = (id: string) =>
  queryOptions({
    queryKey: ["machines", "reservation", id, "output"],
    queryFn: ({ signal }) => api<ReservationOutput>(`reservations/${encodeURIComponent(id)}/output`, { signal }),
    staleTime: 0,
  });

export const queueQuery = queryOptions({
  queryKey: ["machines", "queue"],
  queryFn: async ({ signal }) =>
    (await api<PoolQueue>("pool/queue", { signal })).queue.filter(({ id }) => !leaving.has(id)),
  staleTime: 0,
  // What happens to other people's places is in nobody else's events.
  refetchInterval: 15_000,
});

export interface Asked {
  count: number;
  tags: string;
  minutes: number;
}

/** What is free for such a request now. */
export const previewQuery = ({ count, tags, minutes }: Asked) =>
  queryOptions({
    queryKey: ["machines", "preview", count, tags, minutes],
    queryFn: ({ signal }) => api<PoolPreview>(`pool/preview${query({ count, tags, minutes })}`, { signal }),
    staleTime: 0,
    refetchInterval: 15_000,
  });

/** Who has, had and has booked which machine between two moments, in milliseconds. */
export const calendarQuery = (start: number, end: number) =>
  queryOptions({
    queryKey: ["machines", "calendar", start, end],
    queryFn: ({ signal }) => {
      const [from, to] = [new Date(start).toISOString(), new Date(end).toISOString()];
      return api<PoolCalendar>(`pool/calendar${query({ from, to })}`, { signal });
    },
    staleTime: 0,
    refetchInterval: 60_000,
  });

/** Whether the person's calendar has a secret address; the address itself is said once. */
export const feedQuery = queryOptions({
  queryKey: ["calendar-feed"],
  queryFn: ({ signal }) => api<CalendarFeed>("pool/calendar/feed", { signal }),
  staleTime: 0,
});

/** Read everything of the pool again. */
export function readAgain(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["machines"] });
}

/** What the server answered of one machine, at once on screen. */
export function machineIs(machine: Machine): void {
  queryClient.setQueryData(machineQuery(machine.name).queryKey, machine);
  queryClient.setQueryData(machinesQuery.queryKey, (all) => all?.map((one) => (one.name === machine.name ? machine : one)));
}
