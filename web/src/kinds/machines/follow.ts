import { useEffect } from "react";
import { api } from "../../api/client";
import { queryClient } from "../../api/queries";
import type { LogEvent, Machine } from "../../api/types";
import { ReadAgain } from "../../live/again";
import { onEvents } from "../../live/live";
import { machinePath, machinesQuery } from "./queries";

// From so many machines on, reading all of them is the shorter way.
const ONE_BY_ONE_MAX = 3;

const again = new ReadAgain((events) => read(events));

/** Keep the list of machines as new as the stream of events, for as long as a page shows it. */
export function useFollowMachines(): void {
  useEffect(() => onEvents((events) => again.push(events.filter(({ kind }) => kind === "machine"))), []);
}

async function read(events: readonly LogEvent[]): Promise<void> {
  const before = queryClient.getQueryData(machinesQuery.queryKey);
  const keys = [...new Set(events.map(({ key }) => key))];
  const known = new Set(before?.map(({ name }) => name));
  // A machine that was added or removed, or a reservation: for those in the queue other machines are kept.
  if (keys.length > ONE_BY_ONE_MAX || !keys.every((key) => known.has(key)) || events.some(({ verb }) => verb === "machine_removed")) {
    await queryClient.invalidateQueries({ queryKey: machinesQuery.queryKey });
    return;
  }
  const fresh = await Promise.all(keys.map((name) => api<Machine>(machinePath(name)).catch(() => null)));
  const byName = new Map(fresh.flatMap((machine) => (machine ? [[machine.name, machine] as const] : [])));
  queryClient.setQueryData(machinesQuery.queryKey, (all) => all?.map((machine) => byName.get(machine.name) ?? machine));
}
