import { api, query } from "../../api/client";
import { queryClient } from "../../api/queries";
import type { BookingChange, Certificate, ImportedMachines, Machine, PoolQueue, Reservation, ReservationWish } from "../../api/types";
import { doAllNow } from "../../ui/later";
import { feedQuery, machineIs, machinePath, queueQuery, readAgain } from "./queries";

// Each asks the server and brings what is on screen up to date at once; the event that follows says the same again.

async function changed(name: string, verb: string, json: unknown = {}): Promise<Machine> {
  const machine = await api<Machine>(`${machinePath(name)}/${verb}`, { method: "POST", json });
  machineIs(machine);
  return machine;
}

export function setMaintenance(name: string, on: boolean, reason: string | null): Promise<Machine> {
  return changed(name, "maintenance", { on, reason });
}

export function setQuarantine(name: string, on: boolean, reason: string | null): Promise<Machine> {
  return changed(name, "quarantine", { on, reason });
}

export function acceptHostKey(name: string, hostKey: string): Promise<Machine> {
  return changed(name, "accept-host-key", { host_key: hostKey });
}

/** Answers once the machine has been looked at. */
export async function check(name: string): Promise<Machine> {
  const machine = await changed(name, "check");
  void queryClient.invalidateQueries({ queryKey: ["machines", "output", name] });
  return machine;
}

/** The pool's own key in place of the registered password. Answers once the key has been tried. */
export function enroll(name: string): Promise<Machine> {
  return changed(name, "enroll");
}

export type HomePolicy = NonNullable<Machine["homes"]>;

/** The fields that are to change; a machine's name stays what it is. */
export interface MachineFields {
  host?: string;
  port?: number;
  user?: string;
  password?: string;
  private_key?: string;
  sudo?: boolean;
  jump?: string | null;
  reset?: string | null;
  homes?: HomePolicy | null;
  scope?: string;
  tags?: string[];
  enabled?: boolean;
}

export async function changeMachine(name: string, json: MachineFields): Promise<void> {
  machineIs(await api<Machine>(machinePath(name), { method: "PATCH", json }));
}

export async function addMachine(name: string, fields: MachineFields): Promise<void> {
  await api("machines", { method: "POST", json: { name, ...fields } });
  await readAgain();
}

export async function removeMachine(name: string): Promise<void> {
  await api(`machines/${encodeURIComponent(name)}`, { method: "DELETE" });
  await readAgain();
}

export async function importMachines(format: "yaml" | "csv", text: string): Promise<ImportedMachines> {
  const imported = await api<ImportedMachines>("pool/inventory", { method: "POST", json: { format, text } });
  await readAgain();
  return imported;
}

export async function reserve(wish: ReservationWish): Promise<Reservation> {
  await doAllNow(); // it may be what was released a moment ago
  const made = await api<Reservation>("reservations", { method: "POST", json: wish });
  void readAgain();
  return made;
}

const pathOf = (id: string): string => `reservations/${encodeURIComponent(id)}`;

async function done(path: string, method: "POST" | "PUT" | "DELETE", json?: unknown): Promise<void> {
  await api<Reservation>(path, json === undefined ? { method } : { method, json });
  await readAgain();
}

/** Give the machines back, or leave the queue; with a reason for what is somebody else's. Sent even when the page goes. */
export async function giveBack(id: string, reason: string | null): Promise<void> {
  await api(`${pathOf(id)}${query({ reason })}`, { method: "DELETE", keepalive: true });
  void readAgain();
}

export function extendBy(id: string, minutes: number): Promise<void> {
  return done(`${pathOf(id)}/extend`, "POST", { minutes });
}

/** Give a booking other times or machines. */
export async function rebook(id: string, json: BookingChange): Promise<void> {
  await api<Reservation>(pathOf(id), { method: "PATCH", json });
  await readAgain();
}

/** A certificate for one's public key. */
export function sign(id: string, publicKey: string): Promise<Certificate> {
  return api<Certificate>(`${pathOf(id)}/certificate${query({ public_key: publicKey })}`);
}

/** Say that one uses it. */
export function confirm(id: string): Promise<void> {
  return done(`${pathOf(id)}/confirm`, "POST", {});
}

export function share(id: string, username: string, publicKeys: string[]): Promise<void> {
  return done(`${pathOf(id)}/share`, "POST", { username, public_keys: publicKeys });
}

export function stopSharing(id: string, username: string): Promise<void> {
  return done(`${pathOf(id)}/share/${encodeURIComponent(username)}`, "DELETE");
}

export function passOn(id: string, to: string): Promise<void> {
  return done(`${pathOf(id)}/transfer`, "POST", { to });
}

export function setAccess(id: string, publicKeys: string[], password: string | null): Promise<void> {
  return done(`${pathOf(id)}/access`, "PUT", { public_keys: publicKeys, password });
}

export async function openFeed(everything: boolean): Promise<string> {
  const { url } = await api<{ url: string }>("pool/calendar/feed", { method: "POST", json: { everything } });
  await queryClient.invalidateQueries({ queryKey: feedQuery.queryKey });
  return url;
}

export async function closeFeed(): Promise<void> {
  await api("pool/calendar/feed", { method: "DELETE" });
  await queryClient.invalidateQueries({ queryKey: feedQuery.queryKey });
}

export async function setPriority(id: string, priority: number, reason: string): Promise<void> {
  const json = { priority, reason };
  const { queue } = await api<PoolQueue>(`pool/queue/${encodeURIComponent(id)}/priority`, { method: "POST", json });
  queryClient.setQueryData(queueQuery.queryKey, queue);
}

export async function moveInQueue(id: string, place: number, reason: string): Promise<void> {
  const { queue } = await api<PoolQueue>(`pool/queue/${encodeURIComponent(id)}/move`, { method: "POST", json: { place, reason } });
  queryClient.setQueryData(queueQuery.queryKey, queue);
}
