// Words for times and durations. All functions take `now`, so that one clock drives a whole page.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "4 min", "3 h 20 min", "1 d 5 h", "6 wk": two units at most. */
export function duration(milliseconds: number): string {
  const ms = Math.abs(milliseconds);
  if (ms < MINUTE) return "under a minute";
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) {
    const hours = Math.floor(ms / HOUR);
    const minutes = Math.floor((ms % HOUR) / MINUTE);
    return hours < 6 && minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  }
  const days = Math.floor(ms / DAY);
  if (days === 1) {
    const hours = Math.floor((ms % DAY) / HOUR);
    return hours ? `${days} d ${hours} h` : `${days} d`;
  }
  return days < 28 ? `${days} d` : `${Math.floor(days / 7)} wk`;
}

export function relative(iso: string, now: number): string {
  const delta = Date.parse(iso) - now;
  if (Number.isNaN(delta)) return "";
  if (Math.abs(delta) < MINUTE) return delta > 0 ? "in under a minute" : "just now";
  return delta > 0 ? `in ${duration(delta)}` : `${duration(delta)} ago`;
}

// Made once: making a formatter costs a hundred times as much as using it, and every row has two times.
const FULL = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DAY_AND_DATE = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const DAY_DATE_AND_YEAR = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
});

/** The whole truth, for a hover: day, time and zone of the reader. */
export function absolute(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "" : FULL.format(at);
}

/** "14:05" today, "Mon 14:05" within a week, else "3 Nov 14:05". */
export function clockTime(iso: string, now: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const time = TIME.format(at);
  if (sameDay(at, new Date(now))) return time;
  if (Math.abs(at.getTime() - now) < 6 * DAY) {
    return `${WEEKDAY.format(at)} ${time}`;
  }
  return `${DATE.format(at)} ${time}`;
}

function sameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

/** "Today", "Yesterday", "Thu 19 Nov": headings of the activity page. */
export function dayName(iso: string, now: number): string {
  const at = new Date(iso);
  if (sameDay(at, new Date(now))) return "Today";
  if (sameDay(at, new Date(now - DAY))) return "Yesterday";
  const thisYear = at.getFullYear() === new Date(now).getFullYear();
  return (thisYear ? DAY_AND_DATE : DAY_DATE_AND_YEAR).format(at);
}

export type Urgency = "over" | "soon" | "calm";

/** A claim about to end deserves colour; most do not. */
export function urgency(expires: string | null, now: number): Urgency {
  if (expires === null) return "calm";
  const left = Date.parse(expires) - now;
  if (left <= 0) return "over";
  return left < 30 * MINUTE ? "soon" : "calm";
}

/** The value of an `<input type="datetime-local">`, in the reader's zone. */
export function localInput(at: Date): string {
  const pad = (n: number): string => String(n).padStart(2, "0");
  return (
    `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}` +
    `T${pad(at.getHours())}:${pad(at.getMinutes())}`
  );
}

/** What such an input holds, as the server wants it. Null when empty or unreadable. */
export function fromLocalInput(value: string): string | null {
  const at = new Date(value);
  return value === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}
