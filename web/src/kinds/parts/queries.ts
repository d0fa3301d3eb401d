import { queryOptions } from "@tanstack/react-query";
import { api, query } from "../../api/client";
import type { Category, Count, Material, NextPart, Part, PartList, Process, Resource, ShopSettings, ShopStats } from "./types";

// `kind.ts` knows these keys: it tells which of them an event touches. A project of "" is the server's own choice.

const PAGE = 500;
/** So many parts of an open column are read, and of what is done the last; more on demand. */
const FIRST = 1000;
const FIRST_DONE = 50;

export function firstOf(category: Category): number {
  return category === "completed" ? FIRST_DONE : FIRST;
}

async function pageOf(project: string, category: Category, offset: number, limit: number, signal: AbortSignal): Promise<PartList> {
  const sort_by = category === "completed" ? "updated_at" : "priority";
  return api<PartList>(`shop/parts${query({ project, category, limit, offset, sort_by, sort_order: "desc" })}`, { signal });
}

/** The parts of one column of the board: the likeliest `reach` of them. */
export const columnQuery = (project: string, category: Category, reach = firstOf(category)) =>
  queryOptions({
    queryKey: ["parts", "column", project, category, reach],
    queryFn: async ({ signal }): Promise<PartList> => {
      const first = await pageOf(project, category, 0, Math.min(PAGE, reach), signal);
      const offsets: number[] = [];
      for (let offset = PAGE; offset < Math.min(first.total, reach); offset += PAGE) offsets.push(offset);
      const rest = await Promise.all(
        offsets.map((offset) => pageOf(project, category, offset, Math.min(PAGE, reach - offset), signal)),
      );
      // A part that was moved between two answers is in both.
      const parts = new Map([first, ...rest].flatMap((page) => page.parts.map((part) => [part.id, part] as const)));
      return { parts: [...parts.values()], total: first.total };
    },
    staleTime: 5_000,
    refetchOnWindowFocus: true,
  });

export const partQuery = (id: number) =>
  queryOptions({
    queryKey: ["parts", "part", id],
    queryFn: ({ signal }) => api<Part>(`shop/parts/${id}`, { signal }),
    staleTime: 0,
  });

export const countsQuery = (id: number) =>
  queryOptions({
    queryKey: ["parts", "part", id, "counts"],
    queryFn: async ({ signal }) => (await api<{ counts: Count[] }>(`shop/parts/${id}/counts`, { signal })).counts,
    staleTime: 0,
  });

export const nextQuery = (project: string, process: Process | null) =>
  queryOptions({
    queryKey: ["parts", "next", project, process],
    queryFn: async ({ signal }) =>
      (await api<{ parts: NextPart[] }>(`shop/next${query({ project, process, limit: 12 })}`, { signal })).parts,
    staleTime: 0,
    refetchOnWindowFocus: true,
  });

export const statsQuery = (project: string) =>
  queryOptions({
    queryKey: ["parts", "stats", project],
    queryFn: ({ signal }) => api<ShopStats>(`shop/stats${query({ project })}`, { signal }),
  });

export const shopQuery = (project: string) =>
  queryOptions({
    queryKey: ["parts", "settings", project],
    queryFn: ({ signal }) => api<ShopSettings>(`shop/settings${query({ project })}`, { signal }),
    staleTime: 60_000,
  });

export const resourcesQuery = (project: string) =>
  queryOptions({
    queryKey: ["parts", "resources", project],
    queryFn: async ({ signal }) =>
      (await api<{ resources: Resource[] }>(`shop/resources${query({ project })}`, { signal })).resources,
  });

export const materialsQuery = (project: string) =>
  queryOptions({
    queryKey: ["parts", "materials", project],
    queryFn: async ({ signal }) =>
      (await api<{ materials: Material[] }>(`shop/materials${query({ project })}`, { signal })).materials,
  });
