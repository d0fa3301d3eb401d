import { queryOptions } from "@tanstack/react-query";
import { api, query } from "../../api/client";
import type { Category, Count, Material, NextPart, Part, PartList, Process, Resource, ShopSettings, ShopStats } from "./types";

// `kind.ts` knows these keys: it tells which of them an event touches. A project of "" is the server's own choice.

const PAGE = 200;
/** More open parts than this on one column are told of, not shown. */
export const COLUMN_MAX = 1000;
/** Of what is done, the last. */
const DONE_MAX = 50;

async function pageOf(project: string, category: Category, offset: number, limit: number, signal: AbortSignal): Promise<PartList> {
  const newest = category === "completed" ? { sort_by: "updated_at", sort_order: "desc" } : {};
  return api<PartList>(`shop/parts${query({ project, category, limit, offset, ...newest })}`, { signal });
}

/** The parts of one column of the board. */
export const columnQuery = (project: string, category: Category) =>
  queryOptions({
    queryKey: ["parts", "column", project, category],
    queryFn: async ({ signal }): Promise<PartList> => {
      if (category === "completed") return pageOf(project, category, 0, DONE_MAX, signal);
      const parts = new Map<number, Part>();
      let total = 0;
      for (let offset = 0; offset < COLUMN_MAX; offset += PAGE) {
        const page = await pageOf(project, category, offset, PAGE, signal);
        for (const part of page.parts) parts.set(part.id, part);
        total = page.total;
        if (page.parts.length < PAGE) break;
      }
      return { parts: [...parts.values()], total };
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
