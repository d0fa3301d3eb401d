import { IconDeviceDesktop } from "@tabler/icons-react";
import type { LogEvent } from "../../api/types";
import type { Kind, Notice, Thing } from "../../things/kind";
import { askToStart } from "./dialogs";
import { DESKTOPS, desktopLink, SETUP } from "./links";
import { RunningCount } from "./RunningCount";
import { shortName } from "./states";

// A desktop's home and its exclusive volume are claims of their own: `home/NAME`, `volume/NAME`.
function link({ key }: Pick<Thing, "key">): string {
  return key.startsWith("volume/") ? DESKTOPS : desktopLink(key.replace(/^home\//, ""));
}

function nameOf(key: string): string {
  const [what, name] = key.split("/");
  return name === undefined ? shortName(key) : `${what} of ${shortName(name)}`;
}

/** Query keys are those of `queries.ts`. */
function isTouched(queryKey: readonly unknown[], event: LogEvent): boolean {
  const [area, what, which] = queryKey;
  if (area !== "desktops" || what === "usage" || what === "files" || what === "images") return false;
  if (what === "list") return true;
  if (what === "configurations" || what === "volumes") return event.verb.startsWith(what.slice(0, -1));
  return which === event.key;
}

function notice(event: LogEvent): Notice | null {
  const name = nameOf(event.key);
  if (event.verb === "desktop_warned") return { title: `Desktop ${name} ends soon`, message: "Extend it, or save your work: its programs are ended." };
  if (event.verb === "desktop_failed") return { title: `Desktop ${name} failed`, message: String(event.data.reason ?? "Its card says why.") };
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
    desktop_queued: "waits for room",
    desktop_starting: "start begun",
    desktop_started: "running",
    desktop_stopped: "stopped",
    desktop_failed: "failed",
    desktop_deleted: "deleted",
    desktop_extended: "extended",
    desktop_warned: "ends soon",
    desktop_viewed: "opened",
    desktop_view_ended: "closed",
    control_asked: "control asked for",
    control_passed: "control passed on",
    guest_added: "guest added",
    guest_removed: "guest removed",
    configuration_added: "configuration added",
    configuration_changed: "configuration changed",
    configuration_removed: "configuration removed",
    volume_added: "volume added",
    volume_changed: "volume changed",
    volume_removed: "volume removed",
  },
  sentences: {
    acquired: "{actor} started {thing}",
    released: "{actor} stopped {thing}",
    desktop_queued: "{actor} waits for room for {thing}",
    desktop_starting: "{thing} is being started",
    desktop_started: "{thing} runs",
    desktop_stopped: "{thing} is stopped[: {reason}]",
    desktop_failed: "{thing} failed[: {reason}]",
    desktop_deleted: "{thing} is deleted",
    desktop_extended: "{actor} extended {thing}",
    desktop_warned: "{thing} ends soon",
    desktop_viewed: "{actor} opened {thing}",
    desktop_view_ended: "{actor} closed {thing}",
    control_asked: "{actor} asked for control of {thing}",
    control_passed: "Control of {thing} passed[ to {to}]",
    guest_added: "{actor} shared {thing}[ with {to}]",
    guest_removed: "{actor} no longer shares {thing}[ with {to}]",
    configuration_added: "{actor} added the configuration {thing}",
    configuration_changed: "{actor} changed the configuration {thing}",
    configuration_removed: "{actor} removed the configuration {thing}",
    volume_added: "{actor} added the volume {thing}",
    volume_changed: "{actor} changed the volume {thing}",
    volume_removed: "{actor} removed the volume {thing}",
  },
};
