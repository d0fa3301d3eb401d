import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, query } from "./client";
import { Problem } from "./problem";
import { RereadingClient } from "./rereading";
import type {
  ClashList,
  ApiKey,
  KeyScope,
  Company,
  ConfigDetail,
  EventPage,
  Health,
  Member,
  Me,
  OtpState,
  Person,
  Project,
  ProviderLink,
  Providers,
  Quota,
  Session,
  User,
  Watch,
  Waiter,
} from "./types";

export const queryClient = new RereadingClient({
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
  queryFn: ({ signal }) => api<Me>("currentuser", { signal, anonymous: true }),
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

export const keyScopesQuery = queryOptions({
  queryKey: ["key-scopes"],
  queryFn: ({ signal }) => api<KeyScope[]>("users/me/keys/scopes", { signal }),
});

export const providerLinkQuery = (id: number) =>
  queryOptions({
    queryKey: ["users", id, "provider"],
    queryFn: ({ signal }) => api<ProviderLink>(`admin/users/${id}/provider`, { signal }),
  });

export const otpQuery = queryOptions({
  queryKey: ["otp"],
  queryFn: ({ signal }) => api<OtpState>("users/me/otp", { signal }),
});

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) => api<Session[]>("users/me/sessions", { signal }),
});

export const quotasQuery = queryOptions({
  queryKey: ["quotas"],
  queryFn: ({ signal }) => api<Quota[]>("quotas", { signal }),
});

const QUOTAS_PAGE = 200;

/** Of all accounts, the largest first; for administrators. */
export const allQuotasQuery = infiniteQueryOptions({
  queryKey: ["quotas", "all"],
  queryFn: ({ signal, pageParam }) =>
    api<Quota[]>(`admin/quotas?limit=${QUOTAS_PAGE}&offset=${pageParam}`, { signal }),
  initialPageParam: 0,
  getNextPageParam: (last, pages) => (last.length < QUOTAS_PAGE ? undefined : pages.length * QUOTAS_PAGE),
});

export const watchesQuery = queryOptions({
  queryKey: ["watches"],
  queryFn: async ({ signal }) => (await api<{ watches: Watch[] }>("watches", { signal })).watches,
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }) => api<User[]>("admin/users", { signal }),
});

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: ({ signal }) => api<ConfigDetail[]>("admin/config/details", { signal }),
});

// Each answer is about 2,000 claims. Looking further is asked for after so many answers, 100,000 claims where few clash,
// or after so many clashes.
const CLASH_ANSWERS = 50;
const CLASHES = 100;

/** Locks that clash, found in steps: each follows cursors to what it seeks, but not without end. */
export const clashesQuery = infiniteQueryOptions({
  queryKey: ["claim-clashes"],
  queryFn: async ({ signal, pageParam }) => {
    const clashes: ClashList["clashes"] = [];
    let cursor = pageParam;
    for (let answers = 0; answers < CLASH_ANSWERS && clashes.length < CLASHES; answers++) {
      const found: ClashList = await api(`admin/claim-clashes${query({ cursor })}`, { signal });
      clashes.push(...found.clashes);
      cursor = found.next_cursor;
      if (!cursor) break;
    }
    return { clashes, next: cursor };
  },
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
  // All steps that were taken are taken again.
  refetchInterval: ({ state }) => (state.data?.pageParams.length ?? 1) * 10_000,
});

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => api<Health>("admin/health", {
      signal,
      // Unhealthy is a 503 that says which part is.
      isAnswer: (_status, body) => typeof body === "object" && body !== null && "checks" in body,
    }),
  refetchInterval: 10_000,
});

export const waitersQuery = (fence: number) =>
  queryOptions({
    queryKey: ["waiters", fence],
    queryFn: ({ signal }) => api<Waiter[]>(`claims/${fence}/queue`, { signal }),
  });

/** The last events about one thing of any kind. */
export const thingHistoryQuery = (thing: { kind: string; scope: string; key: string }) =>
  queryOptions({
    queryKey: ["history", thing.scope, thing.key, thing.kind],
    queryFn: ({ signal }) => api<EventPage>(`events${query({ ...thing, limit: 100 })}`, { signal }),
  });

export const historyQuery = (path: string, project: string) =>
  queryOptions({
    queryKey: ["history", project, path],
    queryFn: ({ signal }) => api<EventPage>(`lock-history${query({ path, project })}`, { signal }),
  });
