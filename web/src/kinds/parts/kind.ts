import { IconTool } from "@tabler/icons-react";
import { api, query } from "../../api/client";
import type { LogEvent } from "../../api/types";
import { CLAIM_VERBS, type Found, type Kind } from "../../things/kind";
import { notice } from "./notice";
import type { PartList } from "./types";
import { CATEGORY_WORDS, titleOf } from "./words";

/** Query keys are those of `queries.ts`. */
function isTouched([area, what, id]: readonly unknown[], event: LogEvent): boolean {
  if (area !== "parts" || event.kind !== "part") return false;
  if (what === "part") return String(id) === event.key;
  if (what === "column" || what === "next" || what === "stats") return true;
  // What is reserved and used changes with the parts.
  return what === "materials" && !CLAIM_VERBS.has(event.verb);
}

async function search(text: string, signal: AbortSignal): Promise<Found[]> {
  const { parts } = await api<PartList>(`shop/parts${query({ project: "*", search: text, limit: 8 })}`, { signal });
  return parts.map((part) => ({
    id: String(part.id),
    label: titleOf(part),
    note: [CATEGORY_WORDS[part.category], part.subsystem].join(", "),
    to: `/parts/${part.id}`,
  }));
}

export const part: Kind = {
  name: "part",
  label: "Part",
  plural: "Parts",
  Icon: IconTool,
  nav: [{ to: "/parts", label: "Parts", Icon: IconTool, goKey: "k", goLabel: "Parts (the kanban board)" }],
  pages: [
    { path: "/parts", title: "Parts", load: () => import("./pages/KanbanPage") },
    { path: "/parts/review", title: "Review of parts", load: () => import("./pages/ReviewPage") },
    { path: "/parts/shop", title: "Shop mode", load: () => import("./pages/ShopPage") },
    { path: "/parts/statistics", title: "Statistics of the shop", load: () => import("./pages/StatisticsPage") },
    { path: "/parts/settings", title: "Settings of the shop", load: () => import("./pages/ShopSettingsPage") },
    { path: "/parts/label", title: "Labels", load: () => import("./pages/LabelPage") },
    { path: "/parts/$id", title: "Part", load: () => import("./pages/PartPage") },
  ],
  nameOf: (key) => `part ${key}`,
  monospaced: false,
  link: ({ key }) => `/parts/${encodeURIComponent(key)}`,
  isTouched,
  search,
  notice,
  sentences: {
    acquired: "{actor} took {thing}[: “{comment}”]",
    released: "{actor} gave {thing} back[ after {held_seconds}]",
    force_released: "{actor} took {thing} from {holder}[: “{reason}”]",
    transferred: "{actor} gave {thing} to {to}[: “{comment}”]",
    expired: "The time[ of {holder}] on {thing} ran out",
    part_added: "{actor} added {thing}",
    part_changed: "{actor} changed {thing}",
    part_removed: "{actor} deleted {thing}",
    approved: "{actor} approved {thing}[ as revision {label_of_revision}]",
    rejected: "{actor} rejected {thing}[: “{reason}”]",
    taken_over: "{actor} took {thing} over[ from {from}][: “{reason}”]",
    counted: "{actor} counted {thing}[, {made} made][, {scrapped} scrapped][: {reason}]",
    step_done: "{actor} finished a step of {thing}[: {process}]",
    completed: "{actor} finished {thing}",
    reverted: "{actor} put {thing} back on its board[: “{reason}”]",
    blocked: "{actor} reported a problem with {thing}[: “{reason}”]",
    unblocked: "{actor} cleared the problem with {thing}",
    rework: "{actor} sent {thing} back for rework[: “{reason}”]",
    revision_added: "{actor} uploaded revision {revision} of {thing}[: {name}]",
    file_added: "{actor} uploaded a file of {thing}[: {name}]",
    recheck_done: "{actor} looked at the new revision of {thing}",
    inspected: "{actor} inspected {thing}",
    picked_up: "{actor} picked {thing} up",
    claim_idle: "Nothing has happened to {thing} for a while[, which {holder} has]",
    materials_reserved: "{actor} reserved material for {thing}",
    conversion_started: "The model of {thing} is being converted",
    conversion_done: "The model of {thing} can be looked at",
    conversion_failed: "The model of {thing} cannot be shown[: {reason}]",
  },
  verbs: {
    part_added: "part added",
    part_changed: "part changed",
    part_removed: "part deleted",
    taken_over: "taken over",
    counted: "pieces counted",
    step_done: "step finished",
    completed: "part finished",
    reverted: "back on its board",
    blocked: "problem reported",
    unblocked: "problem cleared",
    rework: "back for rework",
    revision_added: "revision uploaded",
    file_added: "file uploaded",
    recheck_done: "new revision looked at",
    inspected: "inspected",
    picked_up: "picked up",
    claim_idle: "part idle",
    materials_reserved: "material reserved",
    conversion_started: "model being converted",
    conversion_done: "model converted",
    conversion_failed: "model not converted",
  },
  shortcuts: async () => (await import("./shortcuts")).shortcuts,
};
