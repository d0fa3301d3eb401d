import type { Machine } from "../../api/types";
import { STATES } from "./states";

const haystacks = new WeakMap<Machine, string>();

function haystack(machine: Machine): string {
  let text = haystacks.get(machine);
  if (text === undefined) {
    const online = machine.online === null ? "" : machine.online ? "online" : "offline";
    text = [machine.name, machine.host, machine.holder, machine.login, machine.state, machine.reason, machine.scope, online, ...machine.tags]
      .filter(Boolean)
      .join("\n")
      .toLowerCase();
    haystacks.set(machine, text);
  }
  return text;
}

function fits(machine: Machine, word: string): boolean {
  if (word.startsWith("!") && word.length > 1) return !fits(machine, word.slice(1));
  if (word.startsWith("@")) return (machine.holder ?? "").toLowerCase().includes(word.slice(1));
  if (word.startsWith("tag:")) return machine.tags.some((tag) => tag.toLowerCase() === word.slice(4));
  return haystack(machine).includes(word);
}

/** Words that must all fit a row: part of a text in it, `@ann` for its holder, `tag:gpu` for exactly that tag, `!` for not. */
export function filterMachines(machines: readonly Machine[], text: string): Machine[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0 ? [...machines] : machines.filter((machine) => words.every((word) => fits(machine, word)));
}

export type SortBy = "name" | "state" | "holder" | "until" | "online";

// What has no value sorts after everything that has one, whichever way one looks.
const LAST = "\uffff";

const KEYS: Record<SortBy, (machine: Machine) => string> = {
  name: () => "",
  state: ({ state }) => String(STATES.indexOf(state) + 1 || 99).padStart(2, "0"),
  holder: ({ holder }) => holder?.toLowerCase() ?? LAST,
  until: ({ reserved_until: until }) => (until ? String(Date.parse(until)).padStart(16, "0") : LAST),
  online: ({ online }) => (online === null ? LAST : online ? "1" : "0"),
};

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Sorted by "state" or "-state", then by name: m2 before m10. */
export function sortMachines(machines: readonly Machine[], sort: string): Machine[] {
  const down = sort.startsWith("-");
  const by = (down ? sort.slice(1) : sort) as SortBy;
  const keyOf = KEYS[by] ?? KEYS.name;
  const sign = down ? -1 : 1;
  return machines
    .map((machine) => ({ machine, key: keyOf(machine) }))
    .sort((a, b) => {
      if (a.key !== b.key) {
        if (a.key === LAST) return 1;
        if (b.key === LAST) return -1;
        return a.key < b.key ? -sign : sign;
      }
      return names.compare(a.machine.name, b.machine.name) * (by === "name" ? sign : 1);
    })
    .map((entry) => entry.machine);
}

/** The tags of these machines, the commonest first. */
export function commonTags(machines: readonly Machine[]): string[] {
  const counts = new Map<string, number>();
  for (const { tags } of machines) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || names.compare(a[0], b[0])).map(([tag]) => tag);
}
