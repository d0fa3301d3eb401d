import { IconHistory } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { EventPage } from "../api/types";
import { ListSkeleton } from "../ui/ListSkeleton";
import { Refusal } from "../ui/Refusal";
import { ThingEvent } from "./ThingEvent";
import classes from "./ThingHistory.module.css";

/** Everything that ever happened to one thing, the newest first. */
export function ThingHistory({ query }: { query: UseQueryResult<EventPage> }) {
  const { data, error, isPending, refetch } = query;
  return (
    <section>
      <h2 className={classes.heading}>
        <IconHistory size={17} stroke={1.7} aria-hidden /> History
      </h2>
      {isPending && <ListSkeleton />}
      <Refusal error={error} onRetry={() => void refetch()} />
      {data?.events.length === 0 && <p className={classes.none}>Nothing has happened to it yet.</p>}
      <ol className={classes.events}>
        {data?.events.map((event) => (
          <li key={event.seq}>
            <ThingEvent event={event} plainThing />
          </li>
        ))}
      </ol>
    </section>
  );
}
