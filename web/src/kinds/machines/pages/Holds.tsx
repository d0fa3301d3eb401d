import { Button } from "@mantine/core";
import { IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { At } from "../../../ui/Time";
import { duration } from "../../../ui/time";
import { machineHoldsQuery } from "../queries";
import classes from "./Machine.module.css";

/** Who has had a machine, and for how long. */
export function Holds({ name }: { name: string }) {
  const query = useInfiniteQuery(machineHoldsQuery(name));
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const holds = data?.pages.flat() ?? [];
  return (
    <section>
      <h2 className={classes.heading}>
        <IconUsers size={17} stroke={1.7} aria-hidden /> Who had it
      </h2>
      <ListState query={query} />
      {data && holds.length === 0 && <p className={classes.note}>Nobody yet.</p>}
      <ol className={classes.holds}>
        {holds.map((hold) => (
          <li key={hold.reservation_id}>
            <Person name={hold.holder} />
            <span className={classes.holdWhen}>
              <At at={hold.started_at} />
              {hold.ended_at ? (
                <>
                  , for {duration(Date.parse(hold.ended_at) - Date.parse(hold.started_at))}
                </>
              ) : (
                ", now"
              )}
            </span>
            {hold.reason && <span className={classes.holdReason}>{visible(hold.reason)}</span>}
            {hold.ended_at && !hold.removed_at && <span className={classes.holdReason}>Its account is still being removed.</span>}
          </li>
        ))}
      </ol>
      {hasNextPage && (
        <Button size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </section>
  );
}
