import { notifications } from "@mantine/notifications";
import type { LogEvent } from "../api/types";
import type { Notice } from "../things/kind";
import { kindOf, nameOfThing } from "../things/registry";
import { visible } from "../ui/names";

/** What a person wants to be told of at once: that something of theirs came or went by another's hand. */
export function noticeOf(event: LogEvent, me: { username: string; uuid: string }): Notice | null {
  const { data } = event;
  const thing = visible(nameOfThing(event));
  const { username } = me;
  if (event.verb === "force_released" && data.holder === username && event.actor !== username) {
    const reason = typeof data.reason === "string" ? `: ${data.reason}` : "";
    return { title: `${event.actor ?? "The server"} ended your hold`, message: `${thing}${reason}` };
  }
  if (event.verb === "transferred" && data.to === username && event.actor !== username) {
    return { title: `${event.actor ?? "Somebody"} handed something over to you`, message: thing };
  }
  if (event.verb === "transferred" && data.from === username && event.actor !== username) {
    return { title: `${event.actor ?? "Somebody"} handed over what you held`, message: `${thing}, to ${String(data.to)}` };
  }
  if (event.verb === "acquired" && data.granted === true && data.holder === username) {
    return { title: "It is your turn", message: `${thing} is yours now` };
  }
  if (event.verb === "offered" && data.holder === username) {
    return { title: "Free now", message: `${thing}: take it before somebody else does` };
  }
  if (event.verb === "expired" && data.holder === username) {
    return { title: "Your hold ran out", message: thing };
  }
  return kindOf(event.kind).notice?.(event, me) ?? null;
}

const SHOWN_MAX = 3;

export function showNotices(events: readonly LogEvent[], me: { username: string; uuid: string }): void {
  const notices = events.map((event) => noticeOf(event, me)).filter((one) => one !== null);
  for (const { title, message } of notices.slice(0, SHOWN_MAX)) {
    notifications.show({ title, message, autoClose: 12_000 });
  }
  if (notices.length > SHOWN_MAX) {
    notifications.show({ message: `and ${notices.length - SHOWN_MAX} more: see Activity`, autoClose: 12_000 });
  }
}
