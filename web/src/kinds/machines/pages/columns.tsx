import type { Machine } from "../../../api/types";
import { Chip } from "../../../ui/Chip";
import { Link } from "../../../ui/Link";
import { Person } from "../../../ui/Person";
import type { Column } from "../../../ui/ThingTable";
import { Until } from "../../../ui/Time";
import type { SortBy } from "../filter";
import { machineLink } from "../links";
import classes from "./Machines.module.css";
import { MachineState, Online } from "./StateMark";

function Name({ machine }: { machine: Machine }) {
  return (
    <Link to={machineLink(machine.name)} className={`mono ${classes.name}`} tabIndex={-1}>
      {machine.name}
    </Link>
  );
}

function Tags({ tags }: { tags: readonly string[] }) {
  return tags.map((tag) => (
    <Chip key={tag} title={tag}>
      {tag}
    </Chip>
  ));
}

/** Until when somebody has it; of a free one, from when somebody has booked it. */
function End({ machine }: { machine: Machine }) {
  const { holder, next_booking: booking, reserved_until: until } = machine;
  if (holder) return <Until at={until} />;
  return (
    booking && (
      <span title={`Booked by ${booking.holder}`}>
        booked <Until at={booking.starts_at} />
      </span>
    )
  );
}

export const MACHINE_COLUMNS: readonly (Column<Machine> & { by?: SortBy })[] = [
  { by: "name", label: "Machine", look: "name", cell: (machine) => <Name machine={machine} /> },
  { by: "state", label: "State", cell: (machine) => <MachineState machine={machine} /> },
  { by: "holder", label: "Who", cell: ({ holder }) => holder && <Person name={holder} /> },
  { by: "until", label: "Until", look: "quiet", cell: (machine) => <End machine={machine} /> },
  { by: "online", label: "Online", look: "quiet", cell: (machine) => <Online machine={machine} /> },
  {
    label: "Tags",
    gives: true,
    className: classes.tags,
    cell: ({ tags }) => <Tags tags={tags} />,
    title: ({ tags }) => tags.join(", "),
  },
  {
    label: "Address",
    look: "quiet",
    gives: true,
    className: `mono ${classes.address}`,
    cell: ({ host, port }) => (port === 22 ? host : `${host}:${port}`),
    title: ({ host, port }) => `${host}:${port}`,
  },
];

export function machineCard(machine: Machine) {
  const { holder, reserved_until: until, tags } = machine;
  return (
    <>
      <div className={classes.cardTop}>
        <Name machine={machine} />
        <MachineState machine={machine} />
      </div>
      <div className={classes.cardNote}>
        {holder ? (
          <>
            <Person name={holder} />
            <Until at={until} />
          </>
        ) : (
          <Online machine={machine} />
        )}
        <Tags tags={tags} />
      </div>
    </>
  );
}
