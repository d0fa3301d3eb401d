import { Button, SegmentedControl } from "@mantine/core";
import { IconCalendarShare, IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useMutationState, useQuery, type UseMutationResult } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { BookingChange, CalendarEntry, Machine } from "../../../api/types";
import { useClaimContext } from "../../../claims/actions";
import { useNow } from "../../../ui/clock";
import { show } from "../../../overlays/overlays";
import { Refusal } from "../../../ui/Refusal";
import { complain, sayWithUndo } from "../../../ui/toast";
import { useNarrow } from "../../../ui/useNarrow";
import { useSearch } from "../../../ui/useSearch";
import { VirtualList } from "../../../ui/VirtualList";
import { askToReserve } from "../dialogs";
import { FeedDialog } from "../dialogs/FeedDialog";
import { calendarQuery } from "../queries";
import { rebook } from "../requests";
import { beginning, dragged, firstSlot, freePart, SPANS, ticksOf, type Grip, type Slot, type SpanName } from "../timeline";
import classes from "./Timeline.module.css";
import { isOwnBooking, TimelineRow, type Bar, type Booking, type Draft } from "./TimelineRow";

const HOUR_TICK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY_TICK = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });
const FROM_TO = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

const NO_BARS: readonly Bar[] = [];

/**
 * Who has which machine until when, and what is booked. A free time is booked by dragging over it, one's own booking
 * moved or resized by dragging it; both by the keyboard, too.
 */
export function Timeline({ machines }: { machines: readonly Machine[] }) {
  const [search, change] = useSearch();
  const { me } = useClaimContext();
  const narrow = useNarrow();
  const now = useNow();
  const [draft, setDraft] = useState<Draft | null>(null);

  const name: SpanName = (search.get("span") as SpanName) in SPANS ? (search.get("span") as SpanName) : "day";
  const span = SPANS[name];
  const asked = Date.parse(search.get("from") ?? "");
  const start = beginning(span, Number.isNaN(asked) ? now : asked);
  const shown = useMemo(() => ({ start, end: start + span.hours * 3_600_000 }), [start, span]);
  const ticks = useMemo(() => ticksOf(shown, span), [shown, span]);
  const query = useQuery({ ...calendarQuery(shown.start, shown.end), placeholderData: keepPreviousData });
  const move = useMove();
  const moves = useMovesUnderWay();
  const bars = useMemo(() => byMachine(afterMoves(query.data?.entries ?? [], moves)), [query.data, moves]);

  const turn = (by: number): void => change({ from: new Date(start + by * span.hours * 3_600_000).toISOString() });

  const finish = (chosen: Draft): void => {
    setDraft(null);
    if (chosen.booking) {
      move.mutate({ booking: chosen.booking, start: chosen.start, end: chosen.end });
      return;
    }
    const [machine] = chosen.machines;
    const free = freePart(chosen, bars.get(machine!) ?? NO_BARS, now);
    if (!free) return;
    const minutes = Math.round((free.end - free.start) / 60_000);
    // What begins now is no booking.
    askToReserve({ names: [machine!], minutes, ...(free.start > Date.now() + 60_000 ? { startsAt: new Date(free.start).toISOString() } : {}) });
  };

  const draftOf = ({ name: machine }: Machine): Draft =>
    draft?.machines.includes(machine) ? draft : { machines: [machine], booking: null, ...firstSlot(shown, now) };

  const onKey = (key: string, machine: Machine): boolean => {
    const size = span.step * 60_000;
    const chosen = draftOf(machine);
    const change = (grip: Grip, by: number): void => setDraft({ ...chosen, ...dragged(chosen, grip, by, span.step, chosen.booking ? now : 0) });
    if (key === "ArrowRight") change("whole", size);
    else if (key === "ArrowLeft") change("whole", -size);
    else if (key === "+") change("end", size);
    else if (key === "-") change("end", -size);
    else if (key === "b") setDraft(pickUp(nextOwn(bars.get(machine.name) ?? NO_BARS, me, draft), bars));
    else if (key === "Escape" && draft) setDraft(null);
    else return false;
    return true;
  };

  return (
    <>
      <div className={classes.tools}>
        <SegmentedControl
          size="xs"
          value={name}
          aria-label="How much is shown"
          data={Object.entries(SPANS).map(([value, { label }]) => ({ value, label }))}
          onChange={(value) => change({ span: value === "day" ? null : value })}
        />
        <Button.Group>
          <Button size="xs" variant="default" px={8} aria-label="Earlier" onClick={() => turn(-1)}>
            <IconChevronLeft size={16} />
          </Button>
          <Button size="xs" variant="default" onClick={() => change({ from: null })}>
            Now
          </Button>
          <Button size="xs" variant="default" px={8} aria-label="Later" onClick={() => turn(1)}>
            <IconChevronRight size={16} />
          </Button>
        </Button.Group>
        <span className={classes.range}>
          {FROM_TO.format(shown.start)} to {FROM_TO.format(shown.end)}
        </span>
        <Button size="xs" variant="default" leftSection={<IconCalendarShare size={15} />} onClick={() => show(<FeedDialog />)}>
          Subscribe
        </Button>
        <span className={classes.hint} role="status">
          {draft
            ? `${draft.booking ? "Your booking of " : ""}${draft.machines.join(", ")}: ${FROM_TO.format(draft.start)} to ${FROM_TO.format(draft.end)}. Enter ${draft.booking ? "changes" : "books"} it, Escape does not.`
            : query.data && !query.data.is_complete
              ? "There is more than can be shown: choose a shorter time."
              : "Drag over a free time to book it, or your booking to move it; on a row ← → move, + and − make longer or shorter, b picks up your booking, Enter does it."}
        </span>
      </div>
      <Refusal error={query.error} />
      <VirtualList
        label="Timeline of the pool"
        items={machines}
        idOf={(machine) => machine.name}
        heightOf={() => (narrow ? 46 : 38)}
        headHeight={32}
        head={<Head shown={shown} ticks={ticks} name={name} narrow={narrow} />}
        render={(machine) => (
          <TimelineRow
            machine={machine}
            bars={bars.get(machine.name) ?? NO_BARS}
            shown={shown}
            step={span.step}
            ticks={ticks}
            now={now}
            me={me}
            draft={draft?.machines.includes(machine.name) ? draft : null}
            onDraft={setDraft}
            onPickUp={(bar) => pickUp(bar, bars)}
            onFinish={finish}
          />
        )}
        onOpen={(machine) => finish(draftOf(machine))}
        onKey={onKey}
      />
    </>
  );
}

interface Move extends Slot {
  booking: Booking;
}

const MOVES = ["move a booking"];

/** Have a booking moved or resized, with a way back; one after the other, in the order in which they were asked for. */
function useMove(): UseMutationResult<void, Error, Move> {
  return useMutation({
    mutationKey: MOVES,
    scope: { id: MOVES[0]! },
    mutationFn: async ({ booking, start, end }: Move) => {
      const { id, slot } = booking;
      const change = changeOf(slot, { start, end });
      if (!change) return;
      await rebook(id, change);
      sayWithUndo(`Your booking is from ${FROM_TO.format(start)} to ${FROM_TO.format(end)} now`, () => rebook(id, changeOf({ start, end }, slot)!));
    },
    onError: (error: Error) => complain(error),
  });
}

/** What has been asked for and not been answered. */
function useMovesUnderWay(): Move[] {
  return useMutationState({ filters: { mutationKey: MOVES, status: "pending" }, select: ({ state }) => state.variables as Move });
}

/** The entries with their bookings where they are being moved to, so that the next change can begin from there at once. */
function afterMoves(entries: readonly CalendarEntry[], moves: readonly Move[]): readonly CalendarEntry[] {
  if (moves.length === 0) return entries;
  const slots = new Map<string, Slot>(moves.map((move) => [move.booking.id, move]));
  return entries.map((entry) => {
    const slot = slots.get(entry.reservation);
    return slot ? { ...entry, starts_at: new Date(slot.start).toISOString(), ends_at: new Date(slot.end).toISOString() } : entry;
  });
}

/** What the server is told to turn one time into another; null where nothing is to change. */
function changeOf(before: Slot, after: Slot): BookingChange | null {
  const minutes = Math.round((after.end - after.start) / 60_000);
  const change: BookingChange = {
    ...(after.start !== before.start ? { starts_at: new Date(after.start).toISOString() } : {}),
    ...(minutes !== Math.round((before.end - before.start) / 60_000) ? { minutes } : {}),
  };
  return Object.keys(change).length > 0 ? change : null;
}

/** A booking as it is, about to be changed: with all its machines. */
function pickUp(bar: Bar | null, bars: ReadonlyMap<string, readonly Bar[]>): Draft | null {
  if (!bar) return null;
  const { entry, start, end } = bar;
  const machines = [...bars].filter(([, its]) => its.some((one) => one.entry.reservation === entry.reservation)).map(([name]) => name);
  return { machines, booking: { id: entry.reservation, slot: { start, end } }, start, end };
}

/** The next of one's own bookings after the one that is picked up; from the last one on, the first. */
function nextOwn(bars: readonly Bar[], me: string, draft: Draft | null): Bar | null {
  const own = bars.filter((bar) => isOwnBooking(bar, me));
  const at = own.findIndex(({ entry }) => entry.reservation === draft?.booking?.id);
  return own[(at + 1) % own.length] ?? null;
}

function byMachine(entries: readonly CalendarEntry[]): Map<string, Bar[]> {
  const found = new Map<string, Bar[]>();
  for (const entry of entries) {
    const bar = { entry, start: Date.parse(entry.starts_at), end: Date.parse(entry.ends_at) };
    const its = found.get(entry.machine);
    if (its) its.push(bar);
    else found.set(entry.machine, [bar]);
  }
  return found;
}

function Head({ shown, ticks, name, narrow }: { shown: Slot; ticks: readonly number[]; name: SpanName; narrow: boolean }) {
  const format = name === "day" ? HOUR_TICK : DAY_TICK;
  const every = narrow ? 3 : 1;
  return (
    <div role="row" aria-rowindex={1} className={classes.row}>
      <span role="columnheader" className={classes.headName}>
        Machine
      </span>
      <span role="columnheader" aria-label="Time" className={classes.track}>
        {ticks.map((tick, index) =>
          index % every === 0 && (
            <span key={tick} className={classes.tickName} style={{ left: `${((tick - shown.start) / (shown.end - shown.start)) * 100}%` }}>
              {format.format(tick)}
            </span>
          ),
        )}
      </span>
    </div>
  );
}
