import { visible } from "../../ui/names";
import { shownNumber } from "./figures";
import type { Category, LastStep, Part, Process } from "./types";

// What the shop calls things.

export const CATEGORY_WORDS: Record<Category, string> = {
  review: "Review",
  cnc: "CNC",
  hand: "Hand",
  misc: "Misc",
  completed: "Done",
};

export const PROCESS_WORDS: Record<Process, string> = { cnc: "CNC", hand: "Hand", misc: "Misc" };
export const PROCESSES: readonly Process[] = ["cnc", "hand", "misc"];

export const PRIORITIES: readonly { value: number; label: string }[] = [
  { value: 2, label: "Urgent" },
  { value: 1, label: "High" },
  { value: 0, label: "Normal" },
  { value: -1, label: "Low" },
];

export function priorityWord(priority: number): string {
  return PRIORITIES.find((one) => one.value === priority)?.label ?? String(priority);
}

export const LAST_STEP_WORDS: Record<LastStep, string> = { inspected: "Inspected", picked_up: "Picked up" };

/** "Bracket", or its number where it has no name. */
export function nameOf(part: Pick<Part, "name" | "part_number">): string {
  return part.name || part.part_number;
}

/** "FR-001 Bracket". */
export function titleOf(part: Pick<Part, "name" | "part_number">): string {
  return part.name && part.name !== part.part_number ? `${part.part_number} ${part.name}` : part.part_number;
}

/** "Rev B", "Rev 3, not approved", "no model". */
export function revisionWord(part: Pick<Part, "revision" | "revision_label">): string {
  if (part.revision === 0) return "no model";
  return part.revision_label ? `Rev ${part.revision_label}` : `Rev ${part.revision}, not approved`;
}

const DAY = 86_400_000;

export type DueState = "none" | "over" | "soon" | "later";

/** How close the end of the due day is. A part that is done is not late any more. */
export function dueState(part: Pick<Part, "due_at" | "category">, now: number): DueState {
  if (!part.due_at || part.category === "completed") return "none";
  const left = Date.parse(part.due_at) - now;
  if (left < 0) return "over";
  return left < 2 * DAY ? "soon" : "later";
}

/** "2 d late", "due in 5 h". */
export function dueWord(dueAt: string, now: number): string {
  const left = Date.parse(dueAt) - now;
  const size = Math.abs(left);
  const words = size < DAY ? `${Math.max(1, Math.floor(size / 3_600_000))} h` : `${Math.floor(size / DAY)} d`;
  return left < 0 ? `${words} late` : `due in ${words}`;
}

/** A day chosen in a form ends in the evening, where the reader is. */
export function endOfDay(day: string): string | null {
  const at = new Date(`${day}T23:59:59`);
  return day === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** The value of an `<input type="date">` for a moment. */
export function dayOf(iso: string | null): string {
  if (!iso) return "";
  const at = new Date(iso);
  const pad = (n: number): string => String(n).padStart(2, "0");
  return Number.isNaN(at.getTime()) ? "" : `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** A code for a reason of scrap, as people read it: "tool broke". */
export function reasonWord(code: string): string {
  return visible(code.replaceAll("_", " "));
}

/** "2 of 4", with what was scrapped. */
export function madeWord({ made, wanted, scrapped }: Part["quantities"]): string {
  return `${shownNumber(made)} of ${shownNumber(wanted)}${scrapped ? `, ${shownNumber(scrapped)} scrapped` : ""}`;
}
