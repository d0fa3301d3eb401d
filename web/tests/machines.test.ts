import { expect, test } from "vitest";
import type { Machine } from "../src/api/types";
import { allActions } from "../src/kinds/machines/actions/machines";
import type { PoolContext } from "../src/kinds/machines/actions/context";
import { factLines } from "../src/kinds/machines/facts";
import { commonTags, filterMachines, sortMachines } from "../src/kinds/machines/filter";
import { machine as kind } from "../src/kinds/machines/kind";
import { lengthText, minutesIn } from "../src/ui/lengths";
import { leftText } from "../src/ui/Countdown";
import { keysProblem, knownHostsLine, sshCommand } from "../src/kinds/machines/ssh";
import { contentText, isInGroup, machineLook, sortReservations } from "../src/kinds/machines/states";
import { beginning, dragged, firstSlot, freePart, placeOf, slotBetween, SPANS, ticksOf, type Slot } from "../src/kinds/machines/timeline";
import { shortcutsOf } from "../src/ui/action";
import { anEvent } from "./make";

const KEY = `ssh-ed25519 ${"A".repeat(68)} ana@laptop`;

function aMachine(some: Partial<Machine> = {}): Machine {
  return {
    name: "m1",
    host: "10.0.0.7",
    port: 22,
    user: "root",
    scope: "",
    tags: [],
    own_tags: [],
    facts: {},
    enabled: true,
    maintenance: false,
    sudo: false,
    jump: null,
    reset: null,
    homes: null,
    state: "free",
    reason: null,
    online: true,
    checked_at: null,
    host_key: null,
    offered_host_key: null,
    has_password: true,
    has_key: false,
    holder: null,
    login: null,
    reserved_until: null,
    fence: null,
    reservation: null,
    next_booking: null,
    ...some,
  };
}

const names = (machines: readonly Machine[]): string[] => machines.map(({ name }) => name);

test.each([
  ["90", 90],
  ["90m", 90],
  ["90 min", 90],
  ["1 h 30 min", 90],
  ["1.5h", 90],
  ["1,5 hours", 90],
  ["2d", 2880],
  ["1 wk", 10_080],
  ["1 d 12 h", 2160],
  ["", null],
  ["0", null],
  ["soon", null],
  ["2 x", null],
  ["-5", null],
])("%j is %j minutes", (text, minutes) => {
  expect(minutesIn(text)).toBe(minutes);
});

test("a length is written so that it reads back as the same", () => {
  for (const minutes of [1, 45, 60, 90, 1439, 1440, 10_079, 10_080, 43_200]) expect(minutesIn(lengthText(minutes))).toBe(minutes);
});

test("the SSH command and the host key name the port where it is not the usual one", () => {
  const usual = { host: "m1.lab", port: 22, host_key: KEY };
  const other = { ...usual, port: 2222 };
  expect([sshCommand("ana", usual), sshCommand("ana", other)]).toEqual(["ssh ana@m1.lab", "ssh -p 2222 ana@m1.lab"]);
  expect([knownHostsLine(usual), knownHostsLine(other)]).toEqual([`m1.lab ${KEY}`, `[m1.lab]:2222 ${KEY}`]);
  expect(knownHostsLine({ ...usual, host_key: null })).toBeNull();
});

test("a private key is refused before it could be sent", () => {
  expect(keysProblem("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n")).toContain("private key");
  expect(keysProblem(`${KEY}\n\n# the other laptop\n${KEY}`)).toBeNull();
  expect(keysProblem("ssh-ed25519 short")).toContain("one line");
});

test("the filter finds words, people, tags and what is not there", () => {
  const machines = [
    aMachine({ name: "gpu-1", tags: ["gpu", "a100"], holder: "ana", state: "held" }),
    aMachine({ name: "gpu-2", tags: ["gpu-test"] }),
    aMachine({ name: "build-1", tags: ["linux"], online: false }),
  ];
  expect(names(filterMachines(machines, "gpu"))).toEqual(["gpu-1", "gpu-2"]);
  expect(names(filterMachines(machines, "tag:gpu"))).toEqual(["gpu-1"]);
  expect(names(filterMachines(machines, "gpu !@ana"))).toEqual(["gpu-2"]);
  expect(names(filterMachines(machines, "@AN"))).toEqual(["gpu-1"]);
  expect(names(filterMachines(machines, "offline"))).toEqual(["build-1"]);
  expect(names(machines.filter((one) => isInGroup(one, "held")))).toEqual(["gpu-1"]);
  expect(isInGroup(machines[0]!, "no such group")).toBe(true);
});

test("machines sort by number within their names, and by state from free on", () => {
  const machines = [aMachine({ name: "m10" }), aMachine({ name: "m2", state: "quarantined" }), aMachine({ name: "m1", state: "held", holder: "ana" })];
  expect(names(sortMachines(machines, "name"))).toEqual(["m1", "m2", "m10"]);
  expect(names(sortMachines(machines, "-name"))).toEqual(["m10", "m2", "m1"]);
  expect(names(sortMachines(machines, "state"))).toEqual(["m10", "m1", "m2"]);
  expect(names(sortMachines(machines, "-holder"))[0]).toBe("m1");
});

test("the commonest tags come first", () => {
  expect(commonTags([aMachine({ tags: ["a", "b"] }), aMachine({ tags: ["b"] })])).toEqual(["b", "a"]);
});

test("a state that a newer server has can be read", () => {
  expect(machineLook("rebooting").label).toBe("Rebooting");
});

test("what a reservation is of", () => {
  const wish = { machines: [], booked_machines: [], names: [], count: 2, tags: "gpu && !flaky" };
  expect(contentText(wish)).toBe("2 machines with gpu && !flaky");
  expect(contentText({ ...wish, tags: null, count: 1, names: ["m1"] })).toBe("m1");
  expect(contentText({ ...wish, count: 1, booked_machines: ["m2"] })).toBe("m2");
});

test("what one has comes before what is booked and waited for", () => {
  const one = (state: string, at: string): { state: string; starts_at: string; ends_at: string; created_at: string } => ({
    state,
    starts_at: at,
    ends_at: at,
    created_at: at,
  });
  const all = [one("waiting", "1"), one("booked", "9"), one("booked", "5"), one("preparing", "8"), one("ready", "9"), one("ready", "7")];
  expect(sortReservations(all).map(({ state, ends_at: end }) => `${state} ${end}`)).toEqual([
    "ready 7",
    "preparing 8",
    "ready 9",
    "booked 5",
    "booked 9",
    "waiting 1",
  ]);
});

test("the last minutes are counted in seconds", () => {
  expect([leftText(8_040_000), leftText(581_000), leftText(0)]).toEqual(["2 h 14 min left", "9:41 left", "ends now"]);
});

test("facts are told in words, and those that are not known not at all", () => {
  const facts = { os: "Debian", os_id: "debian", kernel: "", cores: 8, memory_bytes: 16 * 2 ** 30, gpus: [] };
  expect(factLines(facts)).toEqual([
    ["System", "Debian"],
    ["Cores", "8"],
    ["Memory", "16 GiB"],
  ]);
});

test("an event touches what is read of its machine, and all reservations", () => {
  const touched = (key: readonly unknown[], event = anEvent("released", { kind: "machine", key: "m1" })): boolean => kind.isTouched!(key, event);
  expect(touched(["machines", "machine", "m1"])).toBe(true);
  expect(touched(["machines", "machine", "m2"])).toBe(false);
  expect(touched(["machines", "reservations", "mine"])).toBe(true);
  expect(touched(["machines", "queue"])).toBe(true);
  // The list is brought up to date machine by machine.
  expect(touched(["machines", "all"])).toBe(false);
  expect(touched(["documents", "folder"])).toBe(false);
});

test("events lead to their machine, or to their reservation", () => {
  const id = "0f3c1d2e-1111-4222-8333-444455556666";
  expect(kind.link({ kind: "machine", scope: "", key: "gpu 1" })).toBe("/machines/gpu%201");
  expect(kind.link({ kind: "machine", scope: "user:x", key: id })).toBe(`/reservations?id=${id}`);
  expect([kind.nameOf("gpu-1"), kind.nameOf(id)]).toEqual(["gpu-1", "0f3c1d2e"]);
});

test("the list of shortcuts tells those of the kind's own actions", async () => {
  const told = ((await kind.shortcuts?.()) ?? []).map(([keys, what]) => `${keys.join()} ${what}`);
  const all = shortcutsOf(allActions).map(([keys, what]) => `${keys.join()} ${what}`);
  expect(all).toEqual(expect.arrayContaining(told));
  const own = allActions.filter(({ name, keys }) => keys && !["hand-over", "release", "force-release"].includes(name));
  expect(told).toHaveLength(own.length);
});

const context: PoolContext = { me: "ana", admin: false, go: () => undefined };

/** The actions that are offered, with the reason where they are refused. */
function offered(machine: Machine, who: PoolContext = context): Record<string, string | null> {
  const all = allActions.map((action) => [action.name, action.refusal(machine, who)] as const);
  return Object.fromEntries(all.filter((entry): entry is readonly [string, string | null] => entry[1] !== undefined));
}

test("people are offered what they may do with a machine, administrators the rest", () => {
  expect(offered(aMachine())).toEqual({ reserve: null });
  expect(offered(aMachine({ state: "maintenance" }))).toEqual({ reserve: "It is out of service: maintenance." });
  const mine = aMachine({ state: "held", holder: "ana", login: "ana", fence: 7, reservation: "r" });
  expect(offered(mine)).toEqual({ "copy-ssh": null, reservation: null });
  expect(offered({ ...mine, state: "preparing" })["copy-ssh"]).toBe("The account is being made.");
  const admin = { ...context, me: "root", admin: true };
  expect(Object.keys(offered(mine, admin))).toEqual(["reserve", "reservation", "check", "edit", "maintenance", "quarantine", "enable", "enroll", "remove"]);
  expect(offered(mine, admin).remove).toBe("Somebody has it.");
  expect(offered(aMachine({ offered_host_key: KEY }), admin)).toHaveProperty("accept-key");
});

// The timeline

const at = (text: string): number => Date.parse(`2026-03-10T${text}:00Z`);
const slot = (start: string, end: string): Slot => ({ start: at(start), end: at(end) });

test("a time stands where it belongs, cut to what is shown", () => {
  const shown = slot("08:00", "18:00");
  expect(placeOf(slot("10:00", "13:00"), shown)).toEqual({ left: 20, width: 30 });
  expect(placeOf(slot("06:00", "09:00"), shown)).toEqual({ left: 0, width: 10 });
  expect(placeOf(slot("06:00", "08:00"), shown)).toBeNull();
});

test("a drag in either direction is the same slot, and a click one step", () => {
  expect(slotBetween(at("10:05"), at("11:20"), 15)).toEqual(slot("10:00", "11:30"));
  expect(slotBetween(at("11:20"), at("10:05"), 15)).toEqual(slot("10:00", "11:30"));
  expect(slotBetween(at("10:00"), at("10:00"), 60)).toEqual(slot("10:00", "11:00"));
});

test("only what is free and to come can be booked", () => {
  const busy = [slot("12:00", "14:00"), slot("09:00", "10:30")];
  const now = at("08:10");
  expect(freePart(slot("08:00", "09:00"), [], now)).toEqual(slot("08:10", "09:00"));
  expect(freePart(slot("10:00", "11:00"), busy, now)).toEqual(slot("10:30", "11:00"));
  expect(freePart(slot("11:00", "15:00"), busy, now)).toEqual(slot("11:00", "12:00"));
  expect(freePart(slot("12:30", "13:30"), busy, now)).toBeNull();
  expect(freePart(slot("06:00", "07:00"), [], now)).toBeNull();
  // One after the other without a gap.
  expect(freePart(slot("12:30", "16:00"), [...busy, slot("14:00", "15:00")], now)).toEqual(slot("15:00", "16:00"));
});

test("lines stand at whole hours of the reader's day", () => {
  const start = beginning(SPANS.day, at("09:40"));
  expect(new Date(start).getMinutes()).toBe(0);
  const hours = ticksOf({ start, end: start + 24 * 3_600_000 }, SPANS.day).map((tick) => new Date(tick).getHours());
  expect(hours).toHaveLength(12);
  expect(hours.every((hour) => hour % 2 === 0)).toBe(true);
  const week = beginning(SPANS.week, at("09:40"));
  expect(new Date(week).getHours()).toBe(0);
  expect(ticksOf({ start: week, end: week + 7 * 24 * 3_600_000 }, SPANS.week)).toHaveLength(7);
});

test("the keyboard begins at the next whole hour", () => {
  const shown = slot("08:00", "18:00");
  expect(firstSlot(shown, at("09:40"))).toEqual(slot("10:00", "11:00"));
  expect(firstSlot(shown, at("06:40"))).toEqual(slot("08:00", "09:00"));
});

test("a booking is dragged to whole steps, and never into the past", () => {
  const at = (hours: number): number => Date.UTC(2026, 2, 2) + hours * 3_600_000;
  const slot = { start: at(10), end: at(12) };
  const now = at(9.1);
  expect(dragged(slot, "whole", 3_600_000, 15, now)).toEqual({ start: at(11), end: at(13) });
  expect(dragged(slot, "whole", 20 * 60_000, 15, now)).toEqual({ start: at(10.25), end: at(12.25) });
  expect(dragged(slot, "whole", 60_000, 15, now)).toEqual(slot);
  expect(dragged(slot, "whole", -5 * 3_600_000, 15, now)).toEqual({ start: at(9.25), end: at(11.25) });
  expect(dragged(slot, "end", 3_600_000, 15, now)).toEqual({ start: at(10), end: at(13) });
  expect(dragged(slot, "end", -5 * 3_600_000, 15, now)).toEqual({ start: at(10), end: at(10.25) });
  expect(dragged(slot, "start", -3_600_000, 15, now)).toEqual({ start: at(9.25), end: at(12) });
  expect(dragged(slot, "start", 5 * 3_600_000, 15, now)).toEqual({ start: at(11.75), end: at(12) });
  // One that is shorter than a step stays as it is.
  const short = { start: at(10), end: at(10) + 300_000 };
  expect(dragged(short, "start", 3_600_000, 60, now)).toEqual(short);
});

test("a machine behind another is reached through it", () => {
  const behind = { host: "10.0.0.7", port: 2222 };
  expect(sshCommand("ana", behind, { host: "10.0.0.1", port: 22 })).toBe("ssh -J 10.0.0.1 -p 2222 ana@10.0.0.7");
  expect(sshCommand("ana", behind, { host: "gate", port: 2200 }, "ana")).toBe("ssh -J ana@gate:2200 -p 2222 ana@10.0.0.7");
  expect(sshCommand("ana", { host: "fd00::7", port: 22 }, { host: "fd00::1", port: 2200 })).toBe("ssh -J [fd00::1]:2200 ana@fd00::7");
});
