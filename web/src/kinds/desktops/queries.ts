import { queryOptions } from "@tanstack/react-query";
import { api, query } from "../../api/client";
import { queryClient } from "../../api/queries";
import type { Configuration, Desktop, DesktopList, Guest, HomeEntry, Usage, Views, Volume } from "./types";

// `kind.ts` knows these keys: it tells which of them an event touches.

const PROGRESS_MS = 3_000;
const REST_MS = 60_000;
const MOVING: readonly string[] = ["starting", "stopping", "deleting"];

export type Whose = "mine" | "all";

/** The person's desktops, and those that they are a guest of; for administrators everybody's. */
export const desktopsQuery = (whose: Whose) =>
  queryOptions({
    queryKey: ["desktops", "list", whose],
    queryFn: ({ signal }) => api<DesktopList>(`desktops${query({ everyone: whose === "all" })}`, { signal }),
    staleTime: 0,
    // Events tell of states, not of each step of a start.
    refetchInterval: ({ state }) => (state.data?.desktops.some((one) => MOVING.includes(one.state)) ? PROGRESS_MS : REST_MS),
  });

export function desktopPath(name: string): string {
  return `desktops/${encodeURIComponent(name)}`;
}

export const desktopQuery = (name: string) =>
  queryOptions({
    queryKey: ["desktops", "desktop", name],
    queryFn: ({ signal }) => api<Desktop>(desktopPath(name), { signal }),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data && MOVING.includes(state.data.state) ? PROGRESS_MS : REST_MS),
  });

/** Events of control reach the holder and administrators alone; guests have to ask. */
export const viewsQuery = (name: string, everyMs = 15_000) =>
  queryOptions({
    queryKey: ["desktops", "views", name],
    queryFn: ({ signal }) => api<Views>(`${desktopPath(name)}/views`, { signal }),
    staleTime: 0,
    refetchInterval: everyMs,
  });

export const usageQuery = (name: string) =>
  queryOptions({
    queryKey: ["desktops", "usage", name],
    queryFn: ({ signal }) => api<Usage>(`${desktopPath(name)}/usage`, { signal }),
    staleTime: 0,
    refetchInterval: 10_000,
  });

export const guestsQuery = (name: string) =>
  queryOptions({
    queryKey: ["desktops", "guests", name],
    queryFn: async ({ signal }) => (await api<{ guests: Guest[] }>(`${desktopPath(name)}/guests`, { signal })).guests,
    staleTime: 0,
  });

export const filesQuery = (name: string, path: string) =>
  queryOptions({
    queryKey: ["desktops", "files", name, path],
    queryFn: async ({ signal }) => (await api<{ files: HomeEntry[] }>(`${desktopPath(name)}/files${query({ path })}`, { signal })).files,
    staleTime: 0,
  });

export const configurationsQuery = queryOptions({
  queryKey: ["desktops", "configurations"],
  queryFn: async ({ signal }) => (await api<{ configurations: Configuration[] }>("desktop-config/accessible", { signal })).configurations,
  staleTime: 5_000,
});

export const volumesQuery = queryOptions({
  queryKey: ["desktops", "volumes"],
  queryFn: async ({ signal }) => (await api<{ pvcs: Volume[] }>("storage-pvcs/list", { signal })).pvcs,
  staleTime: 5_000,
});

/** The names of sessions or images that a configuration can name, where the platform knows them. */
export const imagesQuery = queryOptions({
  queryKey: ["desktops", "images"],
  queryFn: async ({ signal }) => (await api<{ images: string[] }>("desktops/images", { signal })).images,
  staleTime: 60_000,
});

/** Read everything of desktops again. */
export function readAgain(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["desktops"] });
}

/** What the server answered of one desktop, at once on screen. */
export function desktopIs(desktop: Desktop): void {
  queryClient.setQueryData(desktopQuery(desktop.name).queryKey, desktop);
  for (const whose of ["mine", "all"] as const) {
    queryClient.setQueryData(desktopsQuery(whose).queryKey, (list) =>
      list && { ...list, desktops: list.desktops.map((one) => (one.name === desktop.name ? desktop : one)) },
    );
  }
}
