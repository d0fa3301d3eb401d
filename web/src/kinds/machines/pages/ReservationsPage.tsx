import { Button, SegmentedControl } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Empty } from "../../../ui/Empty";
import { ListState } from "../../../ui/ListState";
import { useSearch } from "../../../ui/useSearch";
import { usePoolContext, type PoolContext } from "../actions/context";
import { askToReserve } from "../dialogs";
import { pastQuery, reservationsQuery } from "../queries";
import { sortReservations } from "../states";
import { QueueTable } from "./QueueTable";
import { ReservationCard } from "./ReservationCard";
import { ReservationDrawer } from "./ReservationDrawer";
import classes from "./Reservations.module.css";

type View = "mine" | "queue" | "all";

/** What the person has and waits for, the queue, and for administrators what everybody has. */
export function ReservationsPage() {
  const context = usePoolContext();
  const [search, change] = useSearch();
  const id = search.get("id");
  const view = viewIn(search.get("view"), context.admin);
  const head = (
    <>
      <h1>Reservations</h1>
      <SegmentedControl
        size="xs"
        value={view}
        aria-label="Which reservations"
        data={[
          { value: "mine", label: "Mine" },
          { value: "queue", label: "Queue" },
          ...(context.admin ? [{ value: "all", label: "Everybody’s" }] : []),
        ]}
        onChange={(next) => change({ view: next === "mine" ? null : next })}
      />
      <span style={{ flex: 1 }} />
      <Button size="xs" leftSection={<IconTerminal2 size={15} />} onClick={() => askToReserve()}>
        Reserve
      </Button>
    </>
  );
  const drawer = id && <ReservationDrawer key={id} id={id} context={context} onClose={() => change({ id: null })} />;
  if (view === "queue") {
    return (
      <div className="page-fill">
        <div className="page-head">{head}</div>
        <QueueTable context={context} onOpen={(reservation) => change({ id: reservation.id }, { push: true })} />
        {drawer}
      </div>
    );
  }
  return (
    <div className="page-scroll">
      <div className={classes.head}>{head}</div>
      <Current key={view} whose={view} context={context} />
      {drawer}
    </div>
  );
}

function viewIn(text: string | null, admin: boolean): View {
  return text === "queue" || (text === "all" && admin) ? text : "mine";
}

function Current({ whose, context }: { whose: "mine" | "all"; context: PoolContext }) {
  const query = useQuery(reservationsQuery(whose));
  const [past, setPast] = useState(false);
  return (
    <>
      <ListState query={query} />
      {query.data?.length === 0 && (
        <div className={`panel ${classes.list}`}>
          <Empty
            Icon={IconTerminal2}
            title={whose === "mine" ? "You have no machines" : "Nobody has machines"}
            action={<Button onClick={() => askToReserve()}>Reserve machines</Button>}
          >
            Reserve some, and how to sign in on them stands here, for as long as you have them.
          </Empty>
        </div>
      )}
      <ol className={classes.list} aria-label={whose === "mine" ? "Your reservations" : "Everybody’s reservations"}>
        {sortReservations(query.data ?? []).map((reservation) => (
          <li key={reservation.id}>
            <ReservationCard reservation={reservation} context={context} />
          </li>
        ))}
      </ol>
      {past ? (
        <Past whose={whose} context={context} />
      ) : (
        <Button size="xs" variant="default" onClick={() => setPast(true)}>
          Earlier ones
        </Button>
      )}
    </>
  );
}

function Past({ whose, context }: { whose: "mine" | "all"; context: PoolContext }) {
  const query = useInfiniteQuery(pastQuery(whose));
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const all = data?.pages.flat() ?? [];
  return (
    <section>
      <h2 className={classes.subhead}>Earlier</h2>
      <ListState query={query} />
      {data && all.length === 0 && <p className={classes.quiet}>None yet.</p>}
      <ol className={classes.list}>
        {all.map((reservation) => (
          <li key={reservation.id}>
            <ReservationCard reservation={reservation} context={context} />
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
