import type { LogEvent } from "../../api/types";
import type { Notice } from "../../things/kind";
import { nameOfThing } from "../../things/registry";
import { visible } from "../../ui/names";

/** What somebody did to a part that one makes, or has added. */
export function notice(event: LogEvent, me: { username: string }): Notice | null {
  const { actor, data, verb } = event;
  if (!me.username || actor === me.username) return null;
  const thing = visible(nameOfThing(event));
  const who = actor ?? "Somebody";
  const why = typeof data.reason === "string" && data.reason ? `: “${visible(data.reason)}”` : "";
  if (verb === "revision_added" && data.holder === me.username) {
    return { title: "A new revision of what you are making", message: `${thing}, by ${who}` };
  }
  if (verb === "taken_over" && data.from === me.username) return { title: `${who} took a part over from you`, message: `${thing}${why}` };
  if (verb === "rejected" && data.author === me.username) return { title: `${who} rejected your part`, message: `${thing}${why}` };
  if (verb === "claim_idle" && data.holder === me.username) {
    return { title: "Are you still making this?", message: `${thing}: nothing has happened for a while.` };
  }
  return null;
}
