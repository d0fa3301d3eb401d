import { Button, Select, TextInput } from "@mantine/core";
import { IconActivity, IconDownload, IconFilterOff } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { apiUrl } from "../../api/base";
import { api } from "../../api/client";
import { peopleQuery, queryClient } from "../../api/queries";
import type { EventPage, LogEvent } from "../../api/types";
import { knownKinds } from "../../things/registry";
import { onEvents } from "../../live/live";
import { useNow } from "../../ui/clock";
import { Empty } from "../../ui/Empty";
import { ThingEvent } from "../../things/ThingEvent";
import { ListState } from "../../ui/ListState";
import { dayName } from "../../ui/time";
import { useNarrow } from "../../ui/useNarrow";
import { useSearch } from "../../ui/useSearch";
import { VirtualList } from "../../ui/VirtualList";
import classes from "./Activity.module.css";
import { eventQuery, FILTER_NAMES, filtersFrom, isFiltered, passes, verbOptions } from "./filters";

const PAGE = 100;

type Row = { type: "day"; id: string; name: string } | { type: "event"; id: string; event: LogEvent };

export default function ActivityPage() {
  const [search, change] = useSearch();
  const narrow = useNarrow();
  const filters = useMemo(() => filtersFrom(search), [search]);
  const { data: people = [] } = useQuery(peopleQuery);
  const key = useMemo(() => ["events", filters], [filters]);
  const events = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      api<EventPage>(`events${eventQuery(filters, { limit: PAGE, before: pageParam })}`, { signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next_before,
    staleTime: 0,
  });

  useEffect(
    () =>
      onEvents((fresh) => {
        const fitting = fresh.filter((event) => passes(event, filters));
        if (fitting.length) queryClient.setQueryData<Pages>(key, (now) => withFresh(now, fitting));
      }),
    [filters, key],
  );

  const now = useNow();
  const today = new Date(now).toDateString();
  const rows = useMemo(() => {
    const list: Row[] = [];
    let day = "";
    for (const event of events.data?.pages.flatMap((page) => page.events) ?? []) {
      const name = dayName(event.at, Date.parse(today) + 1);
      if (name !== day) list.push({ type: "day", id: `day:${name}`, name });
      day = name;
      list.push({ type: "event", id: String(event.seq), event });
    }
    return list;
  }, [events.data, today]);

  const heightOf = useCallback((row: Row) => (row.type === "day" ? 42 : narrow ? 84 : 44), [narrow]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = events;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const kindOptions = knownKinds().map((kind) => ({ value: kind.name, label: kind.plural }));
  return (
    <div className="page-fill">
      <div className="page-head">
        <h1>Activity</h1>
        <span style={{ flex: 1 }} />
        <Button
          component="a"
          href={apiUrl(`events.csv${eventQuery(filters)}`)}
          download
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} />}
        >
          Export CSV
        </Button>
      </div>
      <div className={classes.filters} role="search" aria-label="Filter the log">
        <Select
          label="Person"
          placeholder="Anyone"
          size="xs"
          searchable
          clearable
          data={withValue(people.map((person) => person.username), filters.actor)}
          value={filters.actor || null}
          onChange={(actor) => change({ actor })}
          clearButtonProps={{ "aria-label": "Anyone" }}
        />
        <Select
          label="Kind"
          placeholder="Everything"
          size="xs"
          clearable
          data={kindOptions}
          value={filters.kind || null}
          onChange={(kind) => change({ kind })}
          clearButtonProps={{ "aria-label": "Everything" }}
        />
        <Select
          label="What happened"
          placeholder="Anything"
          size="xs"
          searchable
          clearable
          data={verbOptions()}
          value={filters.verb || null}
          onChange={(verb) => change({ verb })}
          clearButtonProps={{ "aria-label": "Anything" }}
        />
        <TextInput
          label="Thing"
          placeholder="Exact path or name"
          size="xs"
          data-page-filter
          defaultValue={filters.key}
          key={filters.key}
          onBlur={(event) => change({ key: event.currentTarget.value.trim() })}
          onKeyDown={(event) => {
            if (event.key === "Enter") change({ key: event.currentTarget.value.trim() });
          }}
        />
        <TextInput
          label="From"
          type="datetime-local"
          size="xs"
          value={filters.since}
          onChange={(event) => change({ since: event.currentTarget.value })}
        />
        <TextInput
          label="Until"
          type="datetime-local"
          size="xs"
          value={filters.until}
          onChange={(event) => change({ until: event.currentTarget.value })}
        />
      </div>
      <div className={`panel ${classes.log}`}>
        <ListState query={events} />
        {events.data && rows.length === 0 && (
          <Empty
            Icon={isFiltered(filters) ? IconFilterOff : IconActivity}
            title={isFiltered(filters) ? "Nothing like that has happened" : "Nothing has happened yet"}
            action={
              isFiltered(filters) && (
                <Button
                  variant="default"
                  onClick={() => change(Object.fromEntries(FILTER_NAMES.map((name) => [name, null])))}
                >
                  Clear the filters
                </Button>
              )
            }
          >
            {isFiltered(filters)
              ? "A wider span of time or fewer filters will show more."
              : "Every lock, release and change of this server will be listed here as it happens."}
          </Empty>
        )}
        {rows.length > 0 && (
          <VirtualList
            label="Activity"
            items={rows}
            idOf={(row) => row.id}
            heightOf={heightOf}
            measured
            rowClass={(row) => (row.type === "day" ? classes.dayRow : classes.eventRow)}
            render={(row) =>
              row.type === "day" ? (
                <h2 role="cell" className={classes.day}>
                  {row.name}
                </h2>
              ) : (
                <div role="cell" className={classes.event}>
                  <ThingEvent event={row.event} />
                </div>
              )
            }
            onEnd={onEnd}
          />
        )}
      </div>
    </div>
  );
}

type Pages = InfiniteData<EventPage, number | null>;

/** New events on top, none twice: a page read meanwhile may hold them already. */
function withFresh(now: Pages | undefined, fresh: LogEvent[]): Pages | undefined {
  const [first, ...rest] = now?.pages ?? [];
  if (!now || !first) return now;
  const newest = first.events[0]?.seq ?? 0;
  const added = fresh.filter((event) => event.seq > newest).reverse();
  return { ...now, pages: [{ ...first, events: [...added, ...first.events] }, ...rest] };
}

function withValue(names: string[], value: string): string[] {
  return value && !names.includes(value) ? [...names, value] : names;
}
