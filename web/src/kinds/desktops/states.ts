import { lookOf, type Look } from "../../ui/StateMark";
import type { Desktop } from "./types";

const LOOKS: Record<string, Look> = {
  queued: { label: "Waiting", tone: "soon", title: "It starts when there is room" },
  starting: { label: "Starting", tone: "soon", title: "It is being started" },
  running: { label: "Running", tone: "good", title: "It can be opened" },
  stopping: { label: "Stopping", tone: "soon", title: "Its programs are being ended" },
  stopped: { label: "Stopped", tone: "quiet", title: "Nothing runs; its home is kept" },
  deleting: { label: "Deleting", tone: "quiet", title: "It is being removed" },
  failed: { label: "Failed", tone: "bad", title: "It did not start, or ended by itself" },
};

export const desktopLook = (state: string): Look => lookOf(LOOKS, state);

const ORDER = Object.keys(LOOKS);
const FIRST: readonly string[] = ["running", "starting", "queued"];

/** What runs first, then what is to run, then the rest; the newest first among equals. */
export function sortDesktops(all: readonly Desktop[]): Desktop[] {
  const rank = ({ state }: Desktop): number => (FIRST.includes(state) ? FIRST.indexOf(state) : FIRST.length + ORDER.indexOf(state));
  return [...all].sort((a, b) => rank(a) - rank(b) || (a.created_at < b.created_at ? 1 : -1));
}

/** What a desktop is called before the part that makes its name unique: `d1-218c5184-…` is "d1". */
export function shortName(name: string): string {
  return name.replace(/-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "");
}

/** What is left of a desktop after it has been stopped. */
export function keptText({ persistent_home: persistent, volume }: Pick<Desktop, "persistent_home" | "volume">): string {
  const home = persistent ? "its home is kept" : "its home is not";
  return volume ? `${home}, the volume ${volume} stays as it is` : home;
}

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
export const NAME_MAX = 12;

/** Why the server would refuse this name for a new desktop. */
export function nameProblem(name: string): string | null {
  if (!name) return "Type a name.";
  if (name.length > NAME_MAX) return `At most ${NAME_MAX} characters.`;
  if (!NAME.test(name)) return "Lowercase letters, digits and hyphens; a letter or digit first and last.";
  return null;
}
