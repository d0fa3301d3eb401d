import { memo } from "react";
import { projectOf, scopeLabel } from "../api/scope";
import type { LogEvent } from "../api/types";
import { EventLine } from "../ui/EventLine";
import { kindOf } from "./registry";
import { sentence } from "./sentences";

/** One event in the words of its kind. `plainThing` where the page is about the thing already. */
export const ThingEvent = memo(function ThingEvent({ event, plainThing = false }: { event: LogEvent; plainThing?: boolean }) {
  const kind = kindOf(event.kind);
  // A project's own events name it already.
  const project = kind.sentences.member_set || projectOf(event.scope) === null ? null : scopeLabel(event.scope);
  return (
    <EventLine
      actor={event.actor}
      at={event.at}
      sentence={sentence(event)}
      thingTo={plainThing ? null : kind.link(event)}
      monospaced={kind.monospaced}
      project={project}
    />
  );
});
