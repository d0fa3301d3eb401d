import { query } from "../../api/client";
import type { LogEvent } from "../../api/types";
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

export const VERBS: { value: string; label: string }[] = [
  { value: "acquired", label: "taken" },
  { value: "released", label: "released" },
  { value: "force_released", label: "force-released" },
  { value: "transferred", label: "handed over" },
  { value: "renewed", label: "extended" },
  { value: "expired", label: "ran out" },
  { value: "queued", label: "waiting" },
  { value: "unqueued", label: "no longer waiting" },
  { value: "offered", label: "told that it is free" },
  { value: "uploaded", label: "uploaded" },
  { value: "committed", label: "submitted for approval" },
  { value: "approved", label: "approved" },
  { value: "rejected", label: "rejected" },
  { value: "archived", label: "deleted (document)" },
  { value: "restored", label: "brought back" },
  { value: "destroyed", label: "destroyed" },
  { value: "moved", label: "moved" },
  { value: "described", label: "described" },
  { value: "copied", label: "copied" },
  { value: "folder_made", label: "folder made" },
  { value: "folder_moved", label: "folder moved" },
  { value: "folder_removed", label: "folder removed" },
  { value: "corrupted", label: "lost by the store" },
  { value: "recovered", label: "whole again" },
  { value: "created", label: "created" },
  { value: "deleted", label: "deleted" },
  { value: "member_set", label: "member set" },
  { value: "member_removed", label: "member removed" },
  { value: "password_changed", label: "password changed" },
  { value: "email_changed", label: "e-mail changed" },
  { value: "admin_granted", label: "made administrator" },
  { value: "admin_revoked", label: "administrator role taken" },
  { value: "enabled", label: "account enabled" },
  { value: "disabled", label: "account disabled" },
  { value: "key_created", label: "API key created" },
  { value: "key_revoked", label: "API key revoked" },
  { value: "config_changed", label: "setting changed" },
];
