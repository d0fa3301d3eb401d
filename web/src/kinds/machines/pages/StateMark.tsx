import type { Machine } from "../../../api/types";
import { useNow } from "../../../ui/clock";
import { StateMark } from "../../../ui/StateMark";
import { relative } from "../../../ui/time";
import { machineLook, reservationLook } from "../states";
import classes from "./Machines.module.css";

/** What a machine is doing, in a word. */
export function MachineState({ machine }: { machine: Pick<Machine, "state" | "reason"> }) {
  return <StateMark look={machineLook(machine.state)} note={machine.reason} />;
}

export function ReservationState({ state }: { state: string }) {
  return <StateMark look={reservationLook(state)} />;
}

/** Whether it answered when it was last looked at. */
export function Online({ machine }: { machine: Pick<Machine, "online" | "checked_at"> }) {
  const now = useNow();
  const { online, checked_at: at } = machine;
  const words = online === null ? "not seen yet" : online ? "online" : "offline";
  return (
    <span className={classes.online} data-online={online} title={at ? `Looked at ${relative(at, Math.max(now, Date.parse(at)))}` : "Nobody has looked yet"}>
      {words}
    </span>
  );
}
