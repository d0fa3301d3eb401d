import { useState, type CSSProperties, type PointerEvent } from "react";
import type { CalendarEntry, Machine } from "../../../api/types";
import { hueOf } from "../../../ui/initials";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { clockTime } from "../../../ui/time";
import { machineLink } from "../links";
import { dragged, freePart, placeOf, slotBetween, type Grip, type Slot } from "../timeline";
import { MachineState } from "./StateMark";
import classes from "./Timeline.module.css";

/** What is held or booked, on one machine. */
export interface Bar extends Slot {
  entry: CalendarEntry;
}

/** One's own booking, and the time that it has. */
export interface Booking {
  id: string;
  slot: Slot;
}

/** What is being chosen, by the pointer or the keyboard: a time to book, or another one for a booking. */
export interface Draft extends Slot {
  machines: readonly string[];
  booking: Booking | null;
}

/** Only what has not begun can be moved. */
export function isOwnBooking({ entry }: Bar, me: string): boolean {
  return entry.kind === "booking" && entry.holder === me;
}

function barKey({ entry, start }: Bar): string {
  return `${entry.reservation}-${start}`;
}

const EDGE = 9;

/** By its ends a bar is resized, where it is wide enough to have any. */
function gripAt(bar: HTMLElement, x: number): Grip {
  const { left, right, width } = bar.getBoundingClientRect();
  if (width < 3 * EDGE) return "whole";
  return x - left < EDGE ? "start" : right - x < EDGE ? "end" : "whole";
}

function percent({ left, width }: { left: number; width: number }): CSSProperties {
  return { left: `${left}%`, width: `${width}%` };
}

interface RowProps {
  machine: Machine;
  bars: readonly Bar[];
  shown: Slot;
  step: number;
  ticks: readonly number[];
  now: number;
  me: string;
  draft: Draft | null;
  onDraft: (draft: Draft | null) => void;
  /** The booking as it is, with all its machines. */
  onPickUp: (bar: Bar) => Draft | null;
  onFinish: (draft: Draft) => void;
}

/** What the pointer went down on: a free time, or one's own booking. */
interface Hold {
  from: number;
  booking: Draft | null;
  grip: Grip;
}

export function TimelineRow({ machine, bars, shown, step, ticks, now, me, draft, onDraft, onPickUp, onFinish }: RowProps) {
  const [hold, setHold] = useState<Hold | null>(null);

  const timeAt = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    return shown.start + share * (shown.end - shown.start);
  };
  /** What has been dragged over, so far as it is free; or the booking where it has been dragged to. */
  const chosen = (event: PointerEvent<HTMLElement>, { booking, from, grip }: Hold): Draft | null => {
    const at = timeAt(event);
    if (booking) return { ...booking, ...dragged(booking, grip, at - from, step, now) };
    const free = freePart(slotBetween(from, at, step), bars, now);
    return free && { machines: [machine.name], booking: null, ...free };
  };

  const here = placeOf({ start: now, end: now + 1 }, shown);
  const mark = draft && placeOf(draft, shown);
  const left = (tick: number): string => `${((tick - shown.start) / (shown.end - shown.start)) * 100}%`;
  return (
    <div role="presentation" className={classes.row}>
      <span role="cell" className={classes.name}>
        <Link to={machineLink(machine.name)} className={`mono ${classes.link}`} tabIndex={-1} title={machine.name}>
          {machine.name}
        </Link>
        {machine.state !== "free" && machine.state !== "held" && <MachineState machine={machine} />}
      </span>
      <span
        role="cell"
        className={classes.track}
        onPointerDown={(event) => {
          const mark = (event.target as HTMLElement).closest<HTMLElement>("[data-bar]");
          const bar = mark && bars.find((one) => barKey(one) === mark.dataset.bar);
          if (event.button !== 0 || (bar && !isOwnBooking(bar, me))) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const begun: Hold = { from: timeAt(event), booking: bar ? onPickUp(bar) : null, grip: mark ? gripAt(mark, event.clientX) : "whole" };
          setHold(begun);
          onDraft(chosen(event, begun));
        }}
        onPointerMove={(event) => {
          if (hold) onDraft(chosen(event, hold));
        }}
        onPointerUp={(event) => {
          if (!hold) return;
          const found = chosen(event, hold);
          setHold(null);
          if (found) onFinish(found);
          else onDraft(null);
        }}
        onPointerCancel={() => {
          setHold(null);
          onDraft(null);
        }}
      >
        {ticks.map((tick) => (
          <span key={tick} className={classes.line} style={{ left: left(tick) }} />
        ))}
        {here && <span className={classes.now} style={{ left: `${here.left}%` }} />}
        {bars.map((bar) => {
          const place = placeOf(bar, shown);
          const moves = draft?.booking?.id === bar.entry.reservation;
          return place && <BarMark key={barKey(bar)} bar={bar} place={place} now={now} me={me} moves={moves} />;
        })}
        {mark && <span className={classes.draft} style={percent(mark)} />}
      </span>
    </div>
  );
}

interface BarProps {
  bar: Bar;
  place: { left: number; width: number };
  now: number;
  me: string;
  /** It is being dragged elsewhere. */
  moves: boolean;
}

function BarMark({ bar, place, now, me, moves }: BarProps) {
  const { entry } = bar;
  const words = `${entry.holder}${entry.kind === "booking" ? " has booked it" : ""} from ${clockTime(entry.starts_at, now)} to ${clockTime(entry.ends_at, now)}${entry.purpose ? `: ${visible(entry.purpose)}` : ""}`;
  return (
    <span
      data-bar={barKey(bar)}
      data-kind={entry.kind}
      data-mine={entry.holder === me || undefined}
      data-movable={isOwnBooking(bar, me) || undefined}
      data-moves={moves || undefined}
      data-over={bar.end <= now || undefined}
      className={classes.bar}
      style={{ ...percent(place), "--hue": hueOf(entry.holder) } as CSSProperties}
      title={words}
    >
      <span className="visually-hidden">{words}</span>
      <span aria-hidden="true">
        {entry.holder}
        {entry.purpose && <span className={classes.purpose}> {visible(entry.purpose)}</span>}
      </span>
    </span>
  );
}
