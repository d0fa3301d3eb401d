import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { HeldMachine, Reservation } from "../../../api/types";
import { ActionButton } from "../../../ui/ActionButton";
import { ActionItems, ActionMenu } from "../../../ui/ActionMenu";
import { CopyLine } from "../../../ui/CopyLine";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { Ago, At, Until } from "../../../ui/Time";
import { complain, say } from "../../../ui/toast";
import type { PoolContext } from "../actions/context";
import { adminActions, ownActions } from "../actions/reservations";
import { machineLink } from "../links";
import { stopSharing } from "../requests";
import { knownHostsLine, sshCommand } from "../ssh";
import { contentText, reservationTitle } from "../states";
import { Countdown } from "../../../ui/Countdown";
import classes from "./Reservations.module.css";
import { ReservationState } from "./StateMark";
import { WhatWasDone } from "./WhatWasDone";

interface Props {
  reservation: Reservation;
  context: PoolContext;
}

const GONE: readonly string[] = ["cleaning", "ended"];

/** One reservation: its machines and how to sign in on them, how long it lasts, and what can be done with it. */
export function ReservationCard({ reservation, context }: Props) {
  const { holder, machines, queue, state, reason } = reservation;
  const mine = holder === context.me;
  const over = state === "ended" || state === "failed";
  const alone = machines.length === 1 && machines[0]!.jump === null;
  const jumps = machines.flatMap(({ jump }) => (jump ? [jump] : []));
  const hostKeys = [...new Set([...machines, ...jumps].map(knownHostsLine).filter((line) => line !== null))];
  return (
    <article className={`panel ${classes.card}`} aria-label={visible(reservationTitle(reservation))}>
      <div className={classes.top}>
        <h2 className={classes.title}>{visible(reservationTitle(reservation))}</h2>
        <ReservationState state={state} />
        <span style={{ flex: 1 }} />
        {context.admin && !mine && !over && (
          <ActionMenu of={reservationTitle(reservation)}>
            {(onChosen) => <ActionItems actions={adminActions} subject={reservation} context={context} onChosen={onChosen} />}
          </ActionMenu>
        )}
      </div>
      <div className={classes.facts}>
        {!mine && <Person name={holder} />}
        {reservation.purpose && <span>{contentText(reservation)}</span>}
        <When reservation={reservation} />
        {(reservation.tags || reservation.at_least < reservation.count) && !reservation.purpose && reservation.machines.length > 0 && (
          <span>
            asked for {reservation.count}
            {reservation.tags && <span className="mono"> {reservation.tags}</span>}
          </span>
        )}
      </div>
      {reservation.damaged && (
        <p className={classes.line} data-soon>
          What was asked for is damaged in the database and cannot be read, so it gets no machines. End it, and ask anew.
        </p>
      )}
      {reservation.confirm_by && mine && (
        <p className={classes.line} data-soon>
          Say by <At at={reservation.confirm_by} /> that you use it, or it ends and others get it.
        </p>
      )}
      {reservation.booked_machines.length > 0 && (
        <p className={classes.names}>
          {reservation.booked_machines.map((name) => (
            <Link key={name} to={machineLink(name)} className={`mono ${classes.machineName}`}>
              {name}
            </Link>
          ))}
        </p>
      )}
      {queue && <InLine queue={queue} />}
      {reason && <p className={classes.line}>{visible(reason)}</p>}
      {machines.length > 0 && (
        <ul className={classes.machines}>
          {machines.map((machine) => (
            <li key={machine.reservation_id} data-over={over || GONE.includes(machine.state) || undefined}>
              <MachineLine machine={machine} command={commandFor(reservation, machine)} over={over || GONE.includes(machine.state)} alone={machines.length === 1 && state !== "preparing"} />
            </li>
          ))}
        </ul>
      )}
      {!over && hostKeys.length > 0 && (
        <details className={classes.more}>
          <summary>{alone ? "Its host key" : "Their host keys"}</summary>
          <p className={classes.quiet}>
            What the pool has seen of {alone ? "it" : "them"}. In <code className="mono">~/.ssh/known_hosts</code>, ssh
            does not ask at the first sign-in.
          </p>
          <CopyLine>{hostKeys.join("\n")}</CopyLine>
        </details>
      )}
      {reservation.shared_with.length > 0 && (
        <div className={classes.shared}>
          Shared with
          {reservation.shared_with.map((name) => (
            <span key={name} className={classes.colleague}>
              <Person name={name} />
              {mine && !over && (
                <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Stop sharing with ${name}`} onClick={() => stop(reservation.id, name)}>
                  <IconX size={13} />
                </ActionIcon>
              )}
            </span>
          ))}
        </div>
      )}
      {machines.length > 0 && (mine || context.admin) && <WhatWasDone id={reservation.id} of={machines.length} />}
      {(mine || reservation.shared_with.includes(context.me)) && !over && (
        <div className={classes.buttons}>
          {ownActions.map((action) => (
            <ActionButton key={action.name} action={action} subject={reservation} context={context} />
          ))}
        </div>
      )}
    </article>
  );
}

function stop(id: string, name: string): void {
  stopSharing(id, name).then(() => say(`${name}’s key is taken away`), complain);
}

function When({ reservation }: { reservation: Reservation }) {
  const { ends_at: end, starts_at: start, state, created_at: asked, minutes } = reservation;
  if (state === "booked" && start && end) {
    return (
      <span title={`For ${minutes} minutes`}>
        begins <Until at={start} />: <At at={start} /> to <At at={end} />
      </span>
    );
  }
  if (state === "waiting") {
    return (
      <span>
        asked <Ago at={asked} />
      </span>
    );
  }
  if (!end) return null;
  if (state === "ended" || state === "failed") {
    return (
      <span>
        ended <Ago at={end} />
      </span>
    );
  }
  return (
    <span title={`Reserved for ${minutes} minutes`}>
      <Countdown at={end} />, until <At at={end} />
    </span>
  );
}

function InLine({ queue }: { queue: NonNullable<Reservation["queue"]> }) {
  const { estimate, obstacle, of, place } = queue;
  if (obstacle) {
    return (
      <p className={classes.line} data-soon>
        In line, but others go first until that changes: {visible(obstacle)}
      </p>
    );
  }
  return (
    <p className={classes.line}>
      {placeText(place, of)}. <Estimate at={estimate} />
    </p>
  );
}

function placeText(place: number, of: number): string {
  return place === 1 ? (of === 1 ? "Next in line" : `Next in line, before ${of - 1}`) : `Number ${place} of ${of} in line`;
}

function Estimate({ at }: { at: string | null }) {
  if (at === null) return <>When it is served cannot be told.</>;
  return (
    <>
      Served about <At at={at} />, if every hold lasts until its end.
    </>
  );
}

interface LineProps {
  machine: HeldMachine;
  /** How one signs in. */
  command: string;
  over: boolean;
  /** The state of the whole says it already. */
  alone: boolean;
}

function MachineLine({ machine, command, over, alone }: LineProps) {
  const { host, problem, state } = machine;
  return (
    <>
      <div className={classes.machine}>
        <Link to={machineLink(machine.machine)} className={`mono ${classes.machineName}`}>
          {machine.machine}
        </Link>
        {(!alone || problem) && <ReservationState state={state} />}
        {problem && <span className={classes.problem}>{visible(problem)}</span>}
      </div>
      {!over && host && state !== "failed" && <CopyLine>{command}</CopyLine>}
    </>
  );
}

/** By way of the jump host: as the login of the reservation where that has the jump host too. */
function commandFor({ login, machines }: Reservation, machine: HeldMachine): string {
  const has = machines.some(({ machine: name, state }) => name === machine.jump?.machine && state === "ready");
  return sshCommand(login, machine, machine.jump, has ? login : null);
}
