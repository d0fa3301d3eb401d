import { IconHourglass } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Reservation } from "../../../api/types";
import { actByKey } from "../../../ui/action";
import { ActionItems, ActionMenu } from "../../../ui/ActionMenu";
import { Empty } from "../../../ui/Empty";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { ThingTable, type Column } from "../../../ui/ThingTable";
import { Ago, At, Until } from "../../../ui/Time";
import type { PoolContext } from "../actions/context";
import { reservationActions } from "../actions/reservations";
import { lengthText } from "../../../ui/lengths";
import { queueQuery } from "../queries";
import classes from "./Reservations.module.css";

/** What somebody waits for. Of others one sees how many alone. */
function wants({ count, at_least: least, names, tags }: Reservation): string {
  const many = least < count ? `${least} to ${count}` : String(count);
  if (names.length) return names.join(", ");
  return `${many} ${count === 1 ? "machine" : "machines"}${tags ? ` with ${tags}` : ""}`;
}

function servedAbout({ queue }: Reservation) {
  if (queue?.obstacle) return visible(queue.obstacle);
  return queue?.estimate ? <At at={queue.estimate} /> : "cannot be told";
}

const COLUMNS: readonly Column<Reservation>[] = [
  { label: "Place", look: "quiet", cell: ({ queue }) => queue && (queue.priority === 0 ? queue.place : `${queue.place}, priority ${queue.priority}`) },
  { label: "Who", cell: ({ holder }) => <Person name={holder} /> },
  { label: "Waits for", look: "quiet", gives: true, cell: (each) => wants(each), title: (each) => each.purpose ?? wants(each) },
  { label: "For", look: "quiet", cell: ({ minutes }) => lengthText(minutes) },
  { label: "Since", look: "quiet", cell: ({ created_at: at }) => <Ago at={at} /> },
  { label: "Served about", look: "quiet", cell: servedAbout, title: ({ queue }) => queue?.obstacle ?? undefined },
  { label: "Gives up", look: "quiet", cell: ({ queue }) => (queue?.until ? <Until at={queue.until} /> : "") },
];

function queueCard(each: Reservation) {
  const { holder, queue } = each;
  return (
    <>
      <div className={classes.queueCard}>
        <span className="tabular">{queue?.place}.</span>
        <Person name={holder} />
      </div>
      <div className={classes.queueNote}>
        <span>{wants(each)}</span>
        {queue?.obstacle && <span>{visible(queue.obstacle)}</span>}
        {queue?.estimate && (
          <span>
            about <At at={queue.estimate} />
          </span>
        )}
      </div>
    </>
  );
}

/** Who waits for machines, in the order of service. */
export function QueueTable({ context, onOpen }: { context: PoolContext; onOpen: (reservation: Reservation) => void }) {
  const query = useQuery(queueQuery);
  const rows = query.data ?? [];
  const { me, admin } = context;
  const menu = useMemo(
    () => (each: Reservation) =>
      (each.holder === me || admin) && (
        <ActionMenu of={`${each.holder}, place ${each.queue?.place ?? ""}`}>
          {(onChosen) => <ActionItems actions={reservationActions} subject={each} context={context} onChosen={onChosen} />}
        </ActionMenu>
      ),
    // The context is a new object at each drawing; what is in it stays.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [me, admin],
  );
  return (
    <div className={`panel ${classes.queue}`}>
      <ListState query={query} />
      {query.data && rows.length === 0 && (
        <Empty Icon={IconHourglass} title="Nobody waits">
          When the machines that you want are taken, reserve them with “Wait in line”, and your place stands here.
        </Empty>
      )}
      {rows.length > 0 && (
        <ThingTable
          label="The queue"
          items={rows}
          idOf={idOf}
          nameOf={nameOf}
          columns={COLUMNS}
          gridClass={classes.queueGrid}
          card={queueCard}
          heightOf={heightOf}
          menu={menu}
          isMine={({ holder }) => holder === me}
          onOpen={(each) => {
            if (each.holder === me || admin) onOpen(each);
          }}
          onKey={(key, each) => actByKey(reservationActions, key, each, context)}
        />
      )}
    </div>
  );
}

function idOf({ id }: Reservation): string {
  return id;
}

function nameOf({ holder }: Reservation): string {
  return holder;
}

function heightOf(_each: Reservation, narrow: boolean): number {
  return narrow ? 62 : 40;
}
