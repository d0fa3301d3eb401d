import { useNow } from "./clock";
import { absolute, clockTime, relative, urgency } from "./time";
import classes from "./ui.module.css";

/** "3 h ago"; the full date and zone on hover. */
export function Ago({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={absolute(at)} className="tabular">
      {/* Clocks differ, and ours stands still between ticks: what has happened is never ahead of us. */}
      {relative(at, Math.max(now, Date.parse(at)))}
    </time>
  );
}

/** Until when a claim holds: "in 2 h", in colour when it is about to end, or that it has no end. */
export function Until({ at }: { at: string | null }) {
  const now = useNow();
  if (at === null) {
    return (
      <span className={classes.noEnd} title="Held until it is released">
        no end set
      </span>
    );
  }
  const state = urgency(at, now);
  return (
    <time dateTime={at} title={absolute(at)} className={`tabular ${classes.until}`} data-urgency={state}>
      {state === "over" ? "ran out" : relative(at, now)}
    </time>
  );
}

/** A wall-clock time, for sentences: "until Mon 14:05". */
export function At({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={absolute(at)} className="tabular">
      {clockTime(at, now)}
    </time>
  );
}
