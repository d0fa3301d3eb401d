import classes from "./EventLine.module.css";
import { Link } from "./Link";
import { Avatar } from "./Person";
import { absolute } from "./time";
import { Ago, At } from "./Time";

/** A part of a sentence, and what stands in it. */
export type Segment = { slot: "person" | "thing" | "time" | "text" | "plain"; value: string };

interface Props {
  /** Null for what the server did by itself. */
  actor: string | null;
  at: string;
  sentence: readonly Segment[];
  /** Where the thing is shown; null where the page is about it already. */
  thingTo: string | null;
  monospaced: boolean;
  /** Said at the end; null where it tells nothing. */
  project: string | null;
}

/** One event as a sentence, with its time. */
export function EventLine({ actor, at, sentence, thingTo, monospaced, project }: Props) {
  return (
    <div className={classes.line}>
      {actor ? <Avatar name={actor} size={24} /> : <span className={classes.system} aria-hidden="true" />}
      <p className={classes.text}>
        {sentence.map((segment, index) => (
          <Part key={index} segment={segment} thingTo={thingTo} mono={monospaced} />
        ))}
        {project && <span className={classes.project}> in {project}</span>}
      </p>
      <span className={classes.time} title={absolute(at)}>
        <Ago at={at} />
      </span>
    </div>
  );
}

function Part({ segment, thingTo, mono }: { segment: Segment; thingTo: string | null; mono: boolean }) {
  if (segment.slot === "person") return <strong className={classes.person}>{segment.value}</strong>;
  if (segment.slot === "time") return <At at={segment.value} />;
  if (segment.slot !== "thing") return segment.value;
  if (thingTo === null) return "it";
  return (
    <Link to={thingTo} className={`${classes.thing} ${mono ? "mono" : ""}`}>
      {segment.value}
    </Link>
  );
}
