import { memo } from "react";
import type { LogEvent } from "../api/types";
import { kindOf } from "../kinds/registry";
import { sentence, type Segment } from "../kinds/sentences";
import { projectOf, scopeLabel } from "../claims/scope";
import classes from "./EventLine.module.css";
import { Link } from "./Link";
import { Avatar } from "./Person";
import { absolute } from "./time";
import { Ago, At } from "./Time";

/** One event as a sentence, with its time. `plainThing` where the page is about the thing already. */
export const EventLine = memo(function EventLine({ event, plainThing = false }: { event: LogEvent; plainThing?: boolean }) {
  const kind = kindOf(event.kind);
  // A project's own events name it already.
  const project = kind.sentences.member_set || projectOf(event.scope) === null ? null : scopeLabel(event.scope);
  return (
    <div className={classes.line}>
      {event.actor ? <Avatar name={event.actor} size={24} /> : <span className={classes.system} aria-hidden="true" />}
      <p className={classes.text}>
        {sentence(event).map((segment, index) => (
          <Part key={index} segment={segment} event={event} plainThing={plainThing} mono={kind.monospaced} />
        ))}
        {project && <span className={classes.project}> in {project}</span>}
      </p>
      <span className={classes.time} title={absolute(event.at)}>
        <Ago at={event.at} />
      </span>
    </div>
  );
});

function Part({ segment, event, plainThing, mono }: { segment: Segment; event: LogEvent; plainThing: boolean; mono: boolean }) {
  if (segment.slot === "person") return <strong className={classes.person}>{segment.value}</strong>;
  if (segment.slot === "time") return <At at={segment.value} />;
  if (segment.slot !== "thing") return segment.value;
  if (plainThing) return "it";
  return (
    <Link to={kindOf(event.kind).link(event)} className={`${classes.thing} ${mono ? "mono" : ""}`}>
      {segment.value}
    </Link>
  );
}
