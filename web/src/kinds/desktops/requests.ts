import { apiUrl } from "../../api/base";
import { api, query } from "../../api/client";
import { problemOf, unreachable } from "../../api/problem";
import { queryClient } from "../../api/queries";
import { desktopIs, desktopPath, readAgain } from "./queries";
import type { Configuration, Desktop, Ticket, Volume } from "./types";

// Each asks the server and brings what is on screen up to date at once; the event that follows says the same again.

export interface NewDesktop {
  name: string;
  configuration_id: number | null;
  persistent_home: boolean;
  volume: string | null;
  hours: number | null;
}

export async function start(wish: NewDesktop): Promise<Desktop> {
  const json = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== null));
  const made = await api<Desktop>("desktops", { method: "POST", json });
  void readAgain();
  return made;
}

async function changed(name: string, verb: string, json: unknown = {}): Promise<void> {
  desktopIs(await api<Desktop>(`${desktopPath(name)}/${verb}`, { method: "POST", json }));
  void readAgain();
}

export const stop = (name: string): Promise<void> => changed(name, "stop");
export const resume = (name: string): Promise<void> => changed(name, "resume");
export const extendBy = (name: string, hours: number): Promise<void> => changed(name, "extend", { hours });

export async function remove(name: string): Promise<void> {
  await api(desktopPath(name), { method: "DELETE" });
  await readAgain();
}

/** A secret, good once and for a short time, that opens a view. */
export function ticketFor(name: string, viewOnly: boolean): Promise<Ticket> {
  return api<Ticket>(`${desktopPath(name)}/view`, { method: "POST", json: { view_only: viewOnly } });
}

export type ControlVerb = "ask" | "give" | "refuse" | "take" | "release";

export async function control(name: string, verb: ControlVerb, viewId: string): Promise<void> {
  await api(`${desktopPath(name)}/control`, { method: "POST", json: { do: verb, view_id: viewId } });
  await queryClient.invalidateQueries({ queryKey: ["desktops", "views", name] });
}

export async function invite(name: string, username: string, mayControl: boolean): Promise<void> {
  await api(`${desktopPath(name)}/guests/${encodeURIComponent(username)}`, { method: "PUT", json: { may_control: mayControl } });
  await readAgain();
}

export async function uninvite(name: string, username: string): Promise<void> {
  await api(`${desktopPath(name)}/guests/${encodeURIComponent(username)}`, { method: "DELETE" });
  await readAgain();
}

/** Where a file of the home is fetched from. */
export function fileUrl(name: string, path: string): string {
  return apiUrl(`${desktopPath(name)}/files/content${query({ path })}`);
}

/** Send a file to the home. Throws `Problem`. */
export async function sendFile(name: string, path: string, file: File): Promise<void> {
  let response: Response;
  try {
    response = await fetch(fileUrl(name, path), {
      method: "PUT",
      body: file,
      credentials: "same-origin",
      headers: { "Content-Type": "application/octet-stream" },
    });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw problemOf(response.status, await response.text());
  await queryClient.invalidateQueries({ queryKey: ["desktops", "files", name] });
}

export type ConfigurationFields = Omit<Configuration, "id" | "created_at" | "created_by">;

export async function saveConfiguration(id: number | null, json: ConfigurationFields): Promise<void> {
  if (id === null) await api("desktop-config/create", { method: "POST", json });
  else await api(`desktop-config/update/${id}`, { method: "PUT", json });
  await readAgain();
}

export async function removeConfiguration(id: number): Promise<void> {
  await api(`desktop-config/delete/${id}`, { method: "DELETE" });
  await readAgain();
}

export type VolumeFields = Pick<Volume, "name" | "size" | "is_public" | "exclusive" | "allowed_users">;

export async function makeVolume(json: VolumeFields): Promise<void> {
  await api("storage-pvcs/create", { method: "POST", json });
  await readAgain();
}

export async function setVolumeAccess(id: number, isPublic: boolean, users: string[]): Promise<void> {
  await api(`storage-pvcs/${id}/access`, { method: "POST", json: { is_public: isPublic, allowed_users: users } });
  await readAgain();
}

export async function removeVolume(id: number): Promise<void> {
  await api(`storage-pvcs/${id}`, { method: "DELETE" });
  await readAgain();
}

export async function prepareImages(): Promise<void> {
  await api("admin/desktops/images/prepare", { method: "POST", json: {} });
}
