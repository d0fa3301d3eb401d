import { queryOptions } from "@tanstack/react-query";
import { api, query } from "../api/client";
import { mailQuery, meQuery, projectsQuery, queryClient } from "../api/queries";
import { scopeOfProject } from "../api/scope";
import type { Claim, ClaimPage, LogEvent, Role } from "../api/types";
import type { Viewer } from "./guess";
import { applyEvents, withoutFences, type Holdings } from "./patch";

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

/** Fences of claims that are given back in a moment: until then they are out of sight. */
export const leaving = new Set<number>();

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
  return withoutFences(applyEvents(loaded, missed, viewer()).holdings, leaving);
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
  const scopesOf = (...roles: Role[]): Set<string> =>
    new Set(projects.flatMap(({ role, name }) => (role && roles.includes(role) ? [scopeOfProject(name)] : [])));
  return {
    username: me?.username ?? "",
    isAdmin: me?.is_admin ?? false,
    mail: queryClient.getQueryData(mailQuery.queryKey)?.mail_enabled ?? false,
    adminScopes: scopesOf("owner", "admin"),
    viewedScopes: scopesOf("viewer"),
  };
}
