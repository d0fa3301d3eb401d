import { IconAlertTriangle, IconBan, IconClock, IconFlag, IconRefreshAlert, IconRotate } from "@tabler/icons-react";
import { useNow } from "../../ui/clock";
import { absolute } from "../../ui/time";
import { isMadeToOld } from "./states";
import classes from "./marks.module.css";
import type { Part } from "./types";
import { dueState, dueWord, madeWord, priorityWord } from "./words";

/** When it is due, in colour when that is near. */
export function DueMark({ part }: { part: Part }) {
  const now = useNow();
  const state = dueState(part, now);
  if (state === "none") return null;
  return (
    <span className={classes.mark} data-tone={state === "over" ? "bad" : state === "soon" ? "warn" : undefined} title={absolute(part.due_at!)}>
      <IconClock size={13} stroke={1.9} aria-hidden />
      {dueWord(part.due_at!, now)}
    </span>
  );
}

export function PriorityMark({ part }: { part: Part }) {
  if (part.priority === 0) return null;
  return (
    <span className={classes.mark} data-tone={part.priority >= 2 ? "bad" : part.priority === 1 ? "warn" : undefined}>
      <IconFlag size={13} stroke={1.9} aria-hidden />
      {priorityWord(part.priority)}
    </span>
  );
}

/** What makes a part stand out: a problem, a revision its holder has not seen, rework. */
export function StateMarks({ part }: { part: Part }) {
  return (
    <>
      {part.blocked && (
        <span className={classes.mark} data-tone="bad" title={part.blocked.reason ?? undefined}>
          <IconBan size={13} stroke={1.9} aria-hidden /> Blocked
        </span>
      )}
      {isMadeToOld(part) && (
        <span className={classes.mark} data-tone="warn" title={`Taken with revision ${part.claim!.revision ?? "none"}; the newest is ${part.revision}`}>
          <IconRefreshAlert size={13} stroke={1.9} aria-hidden /> New revision
        </span>
      )}
      {part.rework && part.category !== "completed" && (
        <span className={classes.mark} data-tone="warn" title={part.rework.reason ?? undefined}>
          <IconRotate size={13} stroke={1.9} aria-hidden /> Rework
        </span>
      )}
      {part.conversion?.state === "failed" && part.category === "review" && (
        <span className={classes.mark} title={part.conversion.reason ?? undefined}>
          <IconAlertTriangle size={13} stroke={1.9} aria-hidden /> Model cannot be shown
        </span>
      )}
    </>
  );
}

/** How many are made, as a number and a bar. */
export function MadeBar({ part }: { part: Part }) {
  const { made, wanted, scrapped } = part.quantities;
  const share = wanted > 0 ? Math.min(1, made / wanted) : 0;
  return (
    <span className={classes.made} title={`Made: ${madeWord(part.quantities)}`}>
      <span className={classes.track} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span className="tabular">
        {made}/{wanted}
        <span className="visually-hidden"> made</span>
      </span>
      {scrapped > 0 && (
        <span className={classes.scrapped}>
          −{scrapped}
          <span className="visually-hidden"> scrapped</span>
        </span>
      )}
    </span>
  );
}
