import { QueryClient, queryOptions } from "@tanstack/react-query";
import { applyEvents, type Holdings, type Viewer } from "../claims/patch";
import { scopeOfProject } from "../claims/scope";
import { api, query } from "./client";
import { Problem } from "./problem";
import type {
  ApiKey,
  Claim,
  ClaimPage,
  Company,
  ConfigDetail,
  EventPage,
  Health,
  LogEvent,
  Member,
  Person,
  Project,
  Providers,
  User,
  Waiter,
} from "./types";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream tells us what changes; asking again on every focus would only load the server.
      refetchOnWindowFocus: false,
      staleTime: 30_000,
      retry: (count, error) => {
        if (error instanceof Problem && error.status >= 400 && error.status < 500) return false;
        return count < 3;
      },
    },
    mutations: { retry: false },
  },
});

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => api<User>("currentuser", { signal, anonymous: true }),
  staleTime: Infinity,
});

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: ({ signal }) => api<Project[]>("projects", { signal }),
});

export const companiesQuery = queryOptions({
  queryKey: ["companies"],
  queryFn: ({ signal }) => api<Company[]>("companies", { signal }),
});

export const membersQuery = (of: "projects" | "companies", id: string) =>
  queryOptions({
    queryKey: [of, id, "members"],
    queryFn: ({ signal }) => api<Member[]>(`${of}/${encodeURIComponent(id)}/members`, { signal }),
  });

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: ({ signal }) => api<Person[]>("people", { signal }),
  staleTime: 60_000,
});

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => api<Providers>("auth/providers", { signal, anonymous: true }),
});

export const mailQuery = queryOptions({
  queryKey: ["config-status"],
  queryFn: ({ signal }) => api<{ mail_enabled: boolean }>("config/status", { signal }),
});

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => api<ApiKey[]>("users/me/keys", { signal }),
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }) => api<User[]>("admin/users", { signal }),
});

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: ({ signal }) => api<ConfigDetail[]>("admin/config/details", { signal }),
});

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => api<Health>("admin/health", { signal }),
  refetchInterval: 10_000,
});

export const waitersQuery = (fence: number) =>
  queryOptions({
    queryKey: ["waiters", fence],
    queryFn: ({ signal }) => api<Waiter[]>(`claims/${fence}/queue`, { signal }),
  });

export const historyQuery = (path: string, project: string) =>
  queryOptions({
    queryKey: ["history", project, path],
    queryFn: ({ signal }) => api<EventPage>(`lock-history${query({ path, project })}`, { signal }),
  });

/** Events that may have come while a list was on its way; see `applyEvents` for why overlap is fine. */
const recent: LogEvent[] = [];
const RECENT_MAX = 2000;

export function remember(events: readonly LogEvent[]): void {
  recent.push(...events);
  if (recent.length > RECENT_MAX) recent.splice(0, recent.length - RECENT_MAX);
}

export function forget(): void {
  recent.length = 0;
}

const PAGE = 10_000;
const FIRST_PAGE = 200;

const claimsPage = (signal: AbortSignal, params: Parameters<typeof query>[0]): Promise<ClaimPage> =>
  api<ClaimPage>(`claims${query(params)}`, { signal });

/** Enough for a first screen, at once: what is mine, and the first of the others. */
async function loadBeginning(signal: AbortSignal): Promise<void> {
  const [mine, first] = await Promise.all([
    claimsPage(signal, { mine: true, limit: FIRST_PAGE }),
    claimsPage(signal, { limit: FIRST_PAGE }),
  ]);
  const claims = [...new Map([...first.claims, ...mine.claims].map((claim) => [claim.fence, claim])).values()];
  const seq = Math.min(mine.seq, first.seq);
  queryClient.setQueryData<Holdings>(["claims"], (now) => now ?? { claims, seq, complete: false });
}

async function loadAll(signal: AbortSignal): Promise<Holdings> {
  const claims: Claim[] = [];
  let cursor: string | null = null;
  let seq: number | null = null;
  do {
    const page: ClaimPage = await claimsPage(signal, { limit: PAGE, cursor });
    claims.push(...page.claims);
    // The first page's place in the log: what changed while later pages came is applied again.
    seq ??= page.seq;
    cursor = page.next_cursor;
  } while (cursor);
  const loaded: Holdings = { claims, seq: seq ?? 0, complete: true };
  const missed = recent.filter((event) => event.seq > loaded.seq);
  return applyEvents(loaded, missed, viewer()).holdings;
}

async function loadHoldings(signal: AbortSignal): Promise<Holdings> {
  // One after the other: a server busy with the whole list would keep the first screen waiting.
  if (!queryClient.getQueryData(["claims"])) await loadBeginning(signal);
  return loadAll(signal);
}

export const claimsQuery = queryOptions({
  queryKey: ["claims"],
  queryFn: ({ signal }) => loadHoldings(signal),
  staleTime: Infinity,
  gcTime: Infinity,
  // Ten thousand rows compared key by key would cost more than drawing the forty on screen.
  structuralSharing: false,
});

/** The person at this page, as far as it is known without asking. */
export function viewer(): Viewer {
  const me = queryClient.getQueryData(meQuery.queryKey);
  const projects = queryClient.getQueryData(projectsQuery.queryKey) ?? [];
  return {
    username: me?.username ?? "",
    isAdmin: me?.is_admin ?? false,
    adminScopes: new Set(
      projects
        .filter((project) => project.role === "owner" || project.role === "admin")
        .map((project) => scopeOfProject(project.name)),
    ),
  };
}

