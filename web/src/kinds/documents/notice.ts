import type { LogEvent } from "../../api/types";
import type { Notice } from "../../things/kind";
import { nameOfThing } from "../../things/registry";
import { visible } from "../../ui/names";

/** What became of a version one has submitted. */
export function notice(event: LogEvent, me: { uuid: string }): Notice | null {
  const { actor, data, verb } = event;
  if (verb !== "approved" && verb !== "rejected") return null;
  if (!me.uuid || data.submitted_by !== me.uuid) return null;
  const comment = typeof data.comment === "string" && data.comment ? `: “${visible(data.comment)}”` : "";
  return {
    title: `${actor ?? "Somebody"} ${verb} your version ${String(data.version_number ?? "")}`,
    message: `${visible(nameOfThing(event))}${comment}`,
  };
}
