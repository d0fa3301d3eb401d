import type { LogEvent } from "../api/types";
import type { Segment } from "../ui/EventLine";
import { visible } from "../ui/names";
import { duration } from "../ui/time";
import { kindOf, nameOfThing, shownName } from "./registry";

// A sentence is plain text with slots: "{actor} locked {thing}[ until {expires_at}]". A part in
// brackets is said only where all of its slots have a value.

const CLAIM_FALLBACK: Record<string, string> = {
  acquired: "{actor} took {thing}[ until {expires_at}][: “{comment}”]",
  renewed: "{actor} extended {thing}[ to {expires_at}]",
  released: "{actor} gave back {thing}[ after {held_seconds}]",
  force_released: "{actor} force-released {thing}[, held by {holder}][: “{reason}”]",
  transferred: "{actor} handed over {thing}[ to {to}]",
  expired: "The hold[ of {holder}] on {thing} ran out",
  queued: "{actor} is waiting for {thing}",
  unqueued: "{actor} no longer waits for {thing}",
  offered: "{holder} was told that {thing} is free",
};

const PEOPLE = new Set(["actor", "holder", "to", "from", "username"]);

export function sentence(event: LogEvent): Segment[] {
  const kind = kindOf(event.kind);
  const template =
    kind.sentences[event.verb] ??
    CLAIM_FALLBACK[event.verb] ??
    `{actor} ${event.verb.replaceAll("_", " ")} {thing}`;
  const segments: Segment[] = [];
  for (const [, optional, plain] of template.matchAll(/\[([^\]]*)\]|([^[]+)/g)) {
    if (plain !== undefined) segments.push(...fill(plain, event));
    else if (optional !== undefined && slotsOf(optional).every((name) => valueOf(event, name) !== null)) {
      segments.push(...fill(optional, event));
    }
  }
  return segments;
}

export function sentenceText(event: LogEvent): string {
  return sentence(event)
    .map((segment) => segment.value)
    .join("");
}

function slotsOf(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
}

function fill(text: string, event: LogEvent): Segment[] {
  return text
    .split(/(\{\w+\})/)
    .filter(Boolean)
    .map((part): Segment => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (!name) return { slot: "plain", value: part };
      const value = valueOf(event, name) ?? "?";
      if (name === "actor" && event.actor === null) return { slot: "plain", value };
      return { slot: slotOf(name), value };
    });
}

function slotOf(name: string): Segment["slot"] {
  if (PEOPLE.has(name)) return "person";
  if (name === "thing") return "thing";
  return name.endsWith("_at") ? "time" : "text";
}

/** Values are what people typed: they must not change how the sentence around them reads. */
function valueOf(event: LogEvent, name: string): string | null {
  const value = rawValueOf(event, name);
  return value === null || name.endsWith("_at") ? value : visible(value);
}

function rawValueOf(event: LogEvent, name: string): string | null {
  if (name === "actor") return event.actor ?? "The server";
  if (name === "thing") return nameOfThing(event);
  const value = event.data[name];
  if (value === null || value === undefined || value === "") return null;
  if (name === "held_seconds" && typeof value === "number") return duration(value * 1000);
  if (name === "source") return shownName(event.kind, String(value));
  return String(value);
}
