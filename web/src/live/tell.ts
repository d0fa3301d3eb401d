import { notifications } from "@mantine/notifications";
import type { LogEvent } from "../api/types";
import { nameOfThing } from "../things/registry";
import { visible } from "../ui/names";

interface Told {
  title: string;
  message: string;
}

/** What a person wants to be told of at once: that something of theirs came or went by another's hand. */
export function worthTelling(event: LogEvent, me: string, uuid = ""): Told | null {
  const { data } = event;
  const thing = visible(nameOfThing(event));
  if (event.verb === "force_released" && data.holder === me && event.actor !== me) {
    const reason = typeof data.reason === "string" ? `: ${data.reason}` : "";
    return { title: `${event.actor ?? "The server"} ended your hold`, message: `${thing}${reason}` };
  }
  if (event.verb === "transferred" && data.to === me && event.actor !== me) {
    return { title: `${event.actor ?? "Somebody"} handed something over to you`, message: thing };
  }
  if (event.verb === "transferred" && data.from === me && event.actor !== me) {
    return { title: `${event.actor ?? "Somebody"} handed over what you held`, message: `${thing}, to ${String(data.to)}` };
  }
  if ((event.verb === "approved" || event.verb === "rejected") && uuid && data.submitted_by === uuid) {
    const comment = typeof data.comment === "string" && data.comment ? `: “${visible(data.comment)}”` : "";
    return {
      title: `${event.actor ?? "Somebody"} ${event.verb} your version ${String(data.version_number ?? "")}`,
      message: `${thing}${comment}`,
    };
  }
  if (event.verb === "offered" && data.holder === me) {
    return { title: "Free now", message: `${thing}: take it before somebody else does` };
  }
  if (event.verb === "expired" && data.holder === me) {
    return { title: "Your hold ran out", message: thing };
  }
  return null;
}

const SHOWN_MAX = 3;

export function tell(events: readonly LogEvent[], me: string, uuid: string): void {
  const told = events.map((event) => worthTelling(event, me, uuid)).filter((one) => one !== null);
  if (told.length === 0) return;
  for (const { title, message } of told.slice(0, SHOWN_MAX)) {
    notifications.show({ title, message, autoClose: 12_000 });
  }
  if (told.length > SHOWN_MAX) {
    notifications.show({ message: `and ${told.length - SHOWN_MAX} more: see Activity`, autoClose: 12_000 });
  }
}
