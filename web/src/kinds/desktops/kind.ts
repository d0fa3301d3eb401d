import { IconDeviceDesktop } from "@tabler/icons-react";
import type { LogEvent } from "../../api/types";
import type { Kind, Notice, Thing } from "../../things/kind";
import { askToStart } from "./dialogs";
import { DESKTOPS, desktopLink, SETUP } from "./links";
import { RunningCount } from "./RunningCount";
import { shortName } from "./states";

// A desktop's home and its exclusive volume are claims of their own: `home/NAME`, `volume/NAME`. Events of what is set
// up have `configuration/NAME` and `volume/NAME`.
const OTHER = /^(home|volume|configuration)\/(.*)$/s;

function link({ key }: Pick<Thing, "key">): string {
  const [, what, name] = OTHER.exec(key) ?? [null, "home", key];
  return what === "home" ? desktopLink(name!) : DESKTOPS;
}

function nameOf(key: string): string {
  const [, what, name] = OTHER.exec(key) ?? [];
  if (what === undefined) return shortName(key);
  return what === "home" ? `home of ${shortName(name!)}` : `${what} ${name}`;
}

/** Query keys are those of `queries.ts`. */
function isTouched(queryKey: readonly unknown[], event: LogEvent): boolean {
  const [area, what, which] = queryKey;
  if (area !== "desktops" || what === "usage" || what === "files" || what === "images") return false;
  if (what === "list") return true;
  if (what === "configurations" || what === "volumes") return event.key.startsWith(`${what.slice(0, -1)}/`);
  return which === event.key;
}

function notice(event: LogEvent): Notice | null {
  const name = nameOf(event.key);
  if (event.verb === "warned") return { title: `Desktop ${name} ends soon`, message: "Extend it, or save your work: its programs are ended." };
  if (event.verb === "failed" || event.verb === "died") return { title: `Desktop ${name} failed`, message: String(event.data.reason ?? "Its card says why.") };
  return null;
}

export const desktop: Kind = {
  name: "desktop",
  label: "Desktop",
  plural: "Desktops",
  Icon: IconDeviceDesktop,
  nav: [{ to: DESKTOPS, label: "Desktops", Icon: IconDeviceDesktop, Count: RunningCount, goKey: "t" }],
  pages: [
    { path: DESKTOPS, title: "Desktops", load: () => import("./pages").then(({ DesktopsPage }) => ({ default: DesktopsPage })) },
    { path: SETUP, title: "Desktops: setup", admin: true, load: () => import("./pages").then(({ SetupPage }) => ({ default: SetupPage })) },
    { path: `${DESKTOPS}/$name/view`, title: "Desktop", load: () => import("./pages").then(({ ViewPage }) => ({ default: ViewPage })) },
    { path: `${DESKTOPS}/view`, title: "Desktop", bare: true, load: () => import("./pages").then(({ TicketPage }) => ({ default: TicketPage })) },
  ],
  nameOf,
  monospaced: true,
  link,
  isTouched,
  notice,
  take: {
    label: "Start a desktop",
    itLabel: "Start a desktop",
    Icon: IconDeviceDesktop,
    labelFor: (name) => `Start ${name}`,
    // A desktop's name looks like any other word.
    nameIn: () => null,
    ask: () => askToStart(),
  },
  verbs: {
    queued: "waits for room",
    left_queue: "queue left",
    progress: "start goes on",
    started: "running",
    restarting: "restarted",
    stopped: "stopped",
    failed: "failed",
    died: "ended by itself",
    deleting: "deletion begun",
    deleted: "deleted",
    extended: "extended",
    warned: "ends soon",
    desktop_viewed: "opened",
    desktop_view_ended: "closed",
    control_asked: "control asked for",
    control_refused: "control refused",
    control_passed: "control passed on",
    guest_added: "guest added",
    guest_removed: "guest removed",
    file_sent: "file sent to the home",
    file_fetched: "file fetched from the home",
    configuration_created: "configuration added",
    configuration_changed: "configuration changed",
    configuration_deleted: "configuration removed",
    volume_created: "volume added",
    volume_access_changed: "access to a volume changed",
    volume_deleted: "volume removed",
  },
  sentences: {
    acquired: "{actor} started {thing}",
    released: "{actor} stopped {thing}",
    queued: "{actor} waits for room for {thing}",
    left_queue: "{thing} left the queue[: {reason}]",
    progress: "{thing} starts[: {progress}]",
    started: "{thing} runs",
    restarting: "{thing} is started again",
    stopped: "{thing} is stopped[: {reason}]",
    failed: "{thing} failed[: {reason}]",
    died: "{thing} ended by itself[: {reason}]",
    deleting: "{actor} deletes {thing}",
    deleted: "{thing} is deleted",
    extended: "{actor} extended {thing}",
    warned: "{thing} ends soon",
    desktop_viewed: "{actor} opened {thing}",
    desktop_view_ended: "{actor} closed {thing}",
    control_asked: "{actor} asked for control of {thing}",
    control_refused: "{actor} did not get control of {thing}",
    control_passed: "Control of {thing} passed[ to {to}]",
    guest_added: "{actor} shared {thing}[ with {to}]",
    guest_removed: "{actor} no longer shares {thing}[ with {to}]",
    file_sent: "{actor} sent a file to {thing}",
    file_fetched: "{actor} fetched a file from {thing}",
    configuration_created: "{actor} added {thing}",
    configuration_changed: "{actor} changed {thing}",
    configuration_deleted: "{actor} removed {thing}",
    volume_created: "{actor} added {thing}",
    volume_access_changed: "{actor} changed who may use {thing}",
    volume_deleted: "{actor} removed {thing}",
  },
};
