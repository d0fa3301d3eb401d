import { query } from "../../api/client";
import type { LogEvent } from "../../api/types";
import { knownKinds } from "../../things/registry";
import { fromLocalInput } from "../../ui/time";

export interface EventFilters {
  actor: string;
  kind: string;
  verb: string;
  key: string;
  /** As `<input type="datetime-local">` holds them. */
  since: string;
  until: string;
}

export const FILTER_NAMES = ["actor", "kind", "verb", "key", "since", "until"] as const;

export function filtersFrom(search: URLSearchParams): EventFilters {
  const read = (name: string): string => search.get(name) ?? "";
  return {
    actor: read("actor"),
    kind: read("kind"),
    verb: read("verb"),
    key: read("key"),
    since: read("since"),
    until: read("until"),
  };
}

export function isFiltered(filters: EventFilters): boolean {
  return FILTER_NAMES.some((name) => filters[name] !== "");
}

/** The parameters of `GET /api/events` and `/api/events.csv`. */
export function eventQuery(filters: EventFilters, more: Record<string, string | number | null> = {}): string {
  return query({
    ...filters,
    since: fromLocalInput(filters.since),
    until: fromLocalInput(filters.until),
    ...more,
  });
}

/** Whether a live event belongs in a list filtered this way. */
export function passes(event: LogEvent, filters: EventFilters): boolean {
  const since = fromLocalInput(filters.since);
  const until = fromLocalInput(filters.until);
  return (
    (!filters.actor || event.actor === filters.actor) &&
    (!filters.kind || event.kind === filters.kind) &&
    (!filters.verb || event.verb === filters.verb) &&
    (!filters.key || event.key === filters.key) &&
    (!since || Date.parse(event.at) >= Date.parse(since)) &&
    (!until || Date.parse(event.at) < Date.parse(until))
  );
}

const CLAIM_VERBS: Record<string, string> = {
  acquired: "taken",
  released: "released",
  force_released: "force-released",
  transferred: "handed over",
  renewed: "extended",
  expired: "ran out",
  queued: "waiting",
  unqueued: "no longer waiting",
  offered: "told that it is free",
};

/** What the filter offers: what happens to claims of all kinds, and what each kind adds. */
export function verbOptions(): { value: string; label: string }[] {
  const labels = Object.assign({}, CLAIM_VERBS, ...knownKinds().map((kind) => kind.verbs)) as Record<string, string>;
  return Object.entries(labels).map(([value, label]) => ({ value, label }));
}
