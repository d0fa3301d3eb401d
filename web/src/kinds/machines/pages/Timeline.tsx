import { Button, SegmentedControl } from "@mantine/core";
import { IconCalendarShare, IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState, type CSSProperties, type PointerEvent } from "react";
import type { CalendarEntry, Machine } from "../../../api/types";
import { useClaimContext } from "../../../claims/actions";
import { useNow } from "../../../ui/clock";
import { show } from "../../../overlays/overlays";
import { hueOf } from "../../../ui/initials";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { Refusal } from "../../../ui/Refusal";
import { useNarrow } from "../../../ui/useNarrow";
import { clockTime } from "../../../ui/time";
import { useSearch } from "../../../ui/useSearch";
import { VirtualList } from "../../../ui/VirtualList";
import { askToReserve } from "../dialogs";
import { FeedDialog } from "../dialogs/FeedDialog";
import { machineLink } from "../links";
import { calendarQuery } from "../queries";
import { beginning, firstSlot, freePart, placeOf, slotBetween, SPANS, ticksOf, type Slot, type SpanName } from "../timeline";
import { MachineState } from "./StateMark";
import classes from "./Timeline.module.css";

const HOUR_TICK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY_TICK = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });
const FROM_TO = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

interface Bar extends Slot {
  entry: CalendarEntry;
}

/** What is being chosen, by the pointer or the keyboard. */
interface Draft extends Slot {
  machine: string;
}

const NO_BARS: readonly Bar[] = [];

/** Who has which machine until when, and what is booked. A free time is booked by dragging over it, or by the keyboard. */
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
  const bars = useMemo(() => byMachine(query.data?.entries ?? []), [query.data]);

  const move = (by: number): void => change({ from: new Date(start + by * span.hours * 3_600_000).toISOString() });

  const book = ({ machine, ...slot }: Draft): void => {
    const free = freePart(slot, bars.get(machine) ?? NO_BARS, now);
    setDraft(null);
    if (!free) return;
    const minutes = Math.round((free.end - free.start) / 60_000);
    // What begins now is no booking.
    askToReserve({ names: [machine], minutes, ...(free.start > Date.now() + 60_000 ? { startsAt: new Date(free.start).toISOString() } : {}) });
  };

  const onKey = (key: string, machine: Machine): boolean => {
    const size = span.step * 60_000;
    const slot = draft?.machine === machine.name ? draft : { machine: machine.name, ...firstSlot(shown, now) };
    if (key === "ArrowRight") setDraft({ ...slot, start: slot.start + size, end: slot.end + size });
    else if (key === "ArrowLeft") setDraft({ ...slot, start: slot.start - size, end: slot.end - size });
    else if (key === "+") setDraft({ ...slot, end: slot.end + size });
    else if (key === "-") setDraft({ ...slot, end: Math.max(slot.start + size, slot.end - size) });
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
          <Button size="xs" variant="default" px={8} aria-label="Earlier" onClick={() => move(-1)}>
            <IconChevronLeft size={16} />
          </Button>
          <Button size="xs" variant="default" onClick={() => change({ from: null })}>
            Now
          </Button>
          <Button size="xs" variant="default" px={8} aria-label="Later" onClick={() => move(1)}>
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
            ? `${draft.machine}: ${FROM_TO.format(draft.start)} to ${FROM_TO.format(draft.end)}`
            : query.data && !query.data.is_complete
              ? "There is more than can be shown: choose a shorter time."
              : "Drag over a free time to book it; or on a row ← → move, + and − make longer or shorter, Enter books."}
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
          <Row
            machine={machine}
            bars={bars.get(machine.name) ?? NO_BARS}
            shown={shown}
            step={span.step}
            ticks={ticks}
            now={now}
            me={me}
            draft={draft?.machine === machine.name ? draft : null}
            onDraft={setDraft}
            onBook={book}
          />
        )}
        onOpen={(machine) => book(draft?.machine === machine.name ? draft : { machine: machine.name, ...firstSlot(shown, now) })}
        onKey={onKey}
      />
    </>
  );
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

function percent({ left, width }: { left: number; width: number }): CSSProperties {
  return { left: `${left}%`, width: `${width}%` };
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

interface RowProps {
  machine: Machine;
  bars: readonly Bar[];
  shown: Slot;
  step: number;
  ticks: readonly number[];
  now: number;
  me: string;
  draft: Slot | null;
  onDraft: (draft: Draft | null) => void;
  onBook: (draft: Draft) => void;
}

function Row({ machine, bars, shown, step, ticks, now, me, draft, onDraft, onBook }: RowProps) {
  const [from, setFrom] = useState<number | null>(null);

  const timeAt = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    return shown.start + share * (shown.end - shown.start);
  };
  /** What has been dragged over, so far as it is free. */
  const chosen = (event: PointerEvent<HTMLElement>, begun: number): Slot | null =>
    freePart(slotBetween(begun, timeAt(event), step), bars, now);

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
          if (event.button !== 0 || (event.target as HTMLElement).closest("[data-bar]")) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const begun = timeAt(event);
          setFrom(begun);
          const slot = chosen(event, begun);
          onDraft(slot && { machine: machine.name, ...slot });
        }}
        onPointerMove={(event) => {
          if (from === null) return;
          const slot = chosen(event, from);
          onDraft(slot && { machine: machine.name, ...slot });
        }}
        onPointerUp={(event) => {
          if (from === null) return;
          const slot = chosen(event, from);
          setFrom(null);
          if (slot) onBook({ machine: machine.name, ...slot });
          else onDraft(null);
        }}
        onPointerCancel={() => {
          setFrom(null);
          onDraft(null);
        }}
      >
        {ticks.map((tick) => (
          <span key={tick} className={classes.line} style={{ left: left(tick) }} />
        ))}
        {here && <span className={classes.now} style={{ left: `${here.left}%` }} />}
        {bars.map((bar) => {
          const place = placeOf(bar, shown);
          return place && <BarMark key={`${bar.entry.reservation}-${bar.start}`} bar={bar} place={place} now={now} mine={bar.entry.holder === me} />;
        })}
        {mark && <span className={classes.draft} style={percent(mark)} />}
      </span>
    </div>
  );
}

function BarMark({ bar, place, now, mine }: { bar: Bar; place: { left: number; width: number }; now: number; mine: boolean }) {
  const { entry } = bar;
  const words = `${entry.holder}${entry.kind === "booking" ? " has booked it" : ""} from ${clockTime(entry.starts_at, now)} to ${clockTime(entry.ends_at, now)}${entry.purpose ? `: ${visible(entry.purpose)}` : ""}`;
  return (
    <span
      data-bar
      data-kind={entry.kind}
      data-mine={mine || undefined}
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
