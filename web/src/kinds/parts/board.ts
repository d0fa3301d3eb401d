import { dueState, titleOf } from "./words";
import type { Category, Part } from "./types";

export const COLUMNS: readonly Category[] = ["review", "cnc", "hand", "misc", "completed"];

export interface Filter {
  /** Words, all of which a part has to contain. */
  text: string;
  /** A holder's name; "-" for parts that nobody has. */
  person: string | null;
  /** The due step's process. */
  process: string | null;
  due: "over" | "soon" | "dated" | null;
  marks: "blocked" | "recheck" | "rework" | null;
}

export const NO_FILTER: Filter = { text: "", person: null, process: null, due: null, marks: null };

export function isFiltered(filter: Filter): boolean {
  return filter.text.trim() !== "" || filter.person !== null || filter.process !== null || filter.due !== null || filter.marks !== null;
}

export function fits(part: Part, filter: Filter, now: number): boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length) {
    const text = [
      titleOf(part),
      part.material,
      part.material_thickness,
      part.subsystem,
      part.notes,
      part.assigned,
      part.step?.process,
      part.step?.resource?.name,
    ]
      .join("\n")
      .toLowerCase();
    if (!words.every((word) => text.includes(word))) return false;
  }
  if (filter.person === "-" ? part.assigned !== null : filter.person !== null && part.assigned !== filter.person) return false;
  if (filter.process !== null && part.step?.process !== filter.process) return false;
  if (filter.due !== null) {
    const state = dueState(part, now);
    if (filter.due === "dated" ? state === "none" : filter.due === "soon" ? state !== "soon" && state !== "over" : state !== filter.due) {
      return false;
    }
  }
  if (filter.marks === "blocked") return part.blocked !== null;
  if (filter.marks === "recheck") return part.claim?.recheck === true;
  if (filter.marks === "rework") return part.rework !== null;
  return true;
}

/** What should be made first stands on top; of what is done, the last. */
export function ordered(parts: readonly Part[], category: Category): Part[] {
  if (category === "completed") {
    return [...parts].sort((a, b) => (b.completed_at ?? b.updated_at).localeCompare(a.completed_at ?? a.updated_at));
  }
  return [...parts].sort(
    (a, b) =>
      b.priority - a.priority ||
      Date.parse(a.due_at ?? "9999-12-31") - Date.parse(b.due_at ?? "9999-12-31") ||
      a.created_at.localeCompare(b.created_at) ||
      a.id - b.id,
  );
}

/** The names and processes that filters offer: those on the board. */
export function valuesOf(parts: readonly Part[]): { people: string[]; processes: string[] } {
  const people = new Set<string>();
  const processes = new Set<string>();
  for (const part of parts) {
    if (part.assigned) people.add(part.assigned);
    if (part.step) processes.add(part.step.process);
  }
  const sorted = (names: Set<string>): string[] => [...names].sort((a, b) => a.localeCompare(b));
  return { people: sorted(people), processes: sorted(processes) };
}

/** Where the arrow keys lead from a card: to its neighbour in the column, or to the same height of another column. */
export function neighbour(
  columns: readonly (readonly number[])[],
  id: number,
  key: "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight",
): number | null {
  const column = columns.findIndex((ids) => ids.includes(id));
  if (column === -1) return null;
  const row = columns[column]!.indexOf(id);
  if (key === "ArrowUp") return columns[column]![row - 1] ?? null;
  if (key === "ArrowDown") return columns[column]![row + 1] ?? null;
  const step = key === "ArrowLeft" ? -1 : 1;
  for (let other = column + step; other >= 0 && other < columns.length; other += step) {
    const ids = columns[other]!;
    if (ids.length) return ids[Math.min(row, ids.length - 1)]!;
  }
  return null;
}
