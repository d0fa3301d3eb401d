// The timeline's arithmetic: what is shown, where things stand in it, and what a drag means.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export interface Span {
  label: string;
  hours: number;
  /** Slots begin and end at multiples of so many minutes. */
  step: number;
  /** A line every so many hours. */
  tick: number;
}

export const SPANS = {
  day: { label: "Day", hours: 24, step: 15, tick: 2 },
  week: { label: "Week", hours: 168, step: 60, tick: 24 },
  month: { label: "4 weeks", hours: 672, step: 240, tick: 48 },
} as const satisfies Record<string, Span>;

export type SpanName = keyof typeof SPANS;

/** From one moment to another, in milliseconds. */
export interface Slot {
  start: number;
  end: number;
}

/** Where the timeline begins if it is to show `at`: at a whole hour, or for longer spans at midnight. */
export function beginning(span: Span, at: number): number {
  const date = new Date(at);
  if (span.hours <= 24) date.setMinutes(0, 0, 0);
  else date.setHours(0, 0, 0, 0);
  return date.getTime();
}

/** The lines between `start` and `end`, at whole hours or midnights of the reader's zone. */
export function ticksOf({ start, end }: Slot, span: Span): number[] {
  const date = new Date(start);
  date.setHours(0, 0, 0, 0);
  const found: number[] = [];
  for (; date.getTime() < end; date.setHours(date.getHours() + span.tick)) {
    if (date.getTime() >= start) found.push(date.getTime());
  }
  return found;
}

/** Which part of the timeline a time takes, in percent; null where none of it is shown. */
export function placeOf(slot: Slot, shown: Slot): { left: number; width: number } | null {
  const start = Math.max(slot.start, shown.start);
  const end = Math.min(slot.end, shown.end);
  if (end <= start) return null;
  const whole = shown.end - shown.start;
  return { left: ((start - shown.start) / whole) * 100, width: ((end - start) / whole) * 100 };
}

/** The slot between two moments, in either order, at least one step long. */
export function slotBetween(a: number, b: number, step: number): Slot {
  const size = step * MINUTE;
  const start = Math.floor(Math.min(a, b) / size) * size;
  const end = Math.ceil(Math.max(a, b) / size) * size;
  return { start, end: Math.max(end, start + size) };
}

/** The part of a slot that can be had: not before now, and not while the machine is somebody's. Null where there is none. */
export function freePart({ start, end }: Slot, busy: readonly Slot[], now: number): Slot | null {
  let from = Math.max(start, now);
  const sorted = [...busy].sort((a, b) => a.start - b.start);
  for (const one of sorted) if (one.start <= from && one.end > from) from = one.end;
  const next = sorted.find((one) => one.start > from);
  const until = next ? Math.min(end, next.start) : end;
  return until - from >= 5 * MINUTE ? { start: from, end: until } : null;
}

/** What of a booking is dragged: all of it, or one of its ends. */
export type Grip = "whole" | "start" | "end";

/** A booking after it was dragged by so many milliseconds: to whole steps, and never to before now. */
export function dragged({ start, end }: Slot, grip: Grip, by: number, step: number, now: number): Slot {
  const size = step * MINUTE;
  const earliest = Math.ceil(now / size) * size;
  const near = (at: number): number => Math.round(at / size) * size;
  const shortest = Math.min(size, end - start);
  if (Math.abs(by) < size / 2) return { start, end };
  if (grip === "end") return { start, end: Math.max(near(end + by), start + shortest) };
  const from = Math.max(near(start + by), earliest);
  if (grip === "start") return { start: Math.min(from, end - shortest), end };
  return { start: from, end: from + end - start };
}

/** The slot that the keyboard begins with: the next whole hour that is shown. */
export function firstSlot(shown: Slot, now: number): Slot {
  const start = Math.ceil(Math.max(now, shown.start) / HOUR) * HOUR;
  return { start, end: start + HOUR };
}
