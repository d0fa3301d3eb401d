// @vitest-environment jsdom
import { expect, test } from "vitest";
import { desktopActions } from "../src/kinds/desktops/actions/desktop";
import type { DesktopContext } from "../src/kinds/desktops/actions/context";
import { desktop as kind } from "../src/kinds/desktops/kind";
import { sizeOf } from "../src/kinds/desktops/pages/Gallery";
import { keptText, nameProblem, shortName, sortDesktops } from "../src/kinds/desktops/states";
import type { Configuration, Desktop } from "../src/kinds/desktops/types";
import { overBy, socketUrl } from "../src/kinds/desktops/viewer/screen";
import { anEvent } from "./make";

const UNIQUE = "218c5184-bd88-4a8a-a3f6-fafbff4e881d";

function aDesktop(some: Partial<Desktop> = {}): Desktop {
  return {
    id: 1,
    name: `d1-${UNIQUE}`,
    holder: "ana",
    state: "running",
    progress: "",
    reason: null,
    configuration_id: null,
    configuration: null,
    persistent_home: true,
    volume: null,
    created_at: "2026-11-20T12:00:00Z",
    started_at: null,
    ready_at: null,
    stopped_at: null,
    ends_at: null,
    end_reason: null,
    end_text: null,
    extend_to: null,
    keep_until: null,
    idle_ends_at: null,
    queue_position: null,
    expected_at: null,
    fence: 7,
    copy_out: true,
    paste_in: true,
    files: true,
    controller: null,
    views: 0,
    cannot: {},
    ...some,
  };
}

const context = (me: string, admin = false): DesktopContext => ({ me, admin, go: () => undefined });

function offered(desktop: Desktop, who: DesktopContext): string[] {
  return desktopActions.filter((action) => action.refusal(desktop, who) !== undefined).map((action) => action.name);
}

test("a desktop is called what its person called it", () => {
  expect(shortName(`cad.box-2-${UNIQUE}`)).toBe("cad.box-2");
  expect(shortName("plain")).toBe("plain");
  expect(kind.nameOf(`home/d1-${UNIQUE}`)).toBe("home of d1");
  expect(kind.link({ key: `home/d1-${UNIQUE}` } as never)).toBe(`/desktops?name=d1-${UNIQUE}`);
});

test.each([
  ["", "Type a name."],
  ["1abc", null],
  ["d-1.x", null],
  ["Ann", "Lowercase"],
  ["-d", "Lowercase"],
  ["d-", "Lowercase"],
  ["a".repeat(13), "At most 12"],
])("the name %o is judged as the server does", (name, problem) => {
  const found = nameProblem(name);
  if (problem === null) expect(found).toBeNull();
  else expect(found).toContain(problem);
});

test("what runs comes first, then what is to run, the newest before", () => {
  const of = (state: string, day: number): Desktop => aDesktop({ name: `${state}${day}`, state, created_at: `2026-11-0${day}T00:00:00Z` });
  const sorted = sortDesktops([of("stopped", 3), of("queued", 1), of("running", 1), of("running", 2), of("starting", 1)]);
  expect(sorted.map(({ name }) => name)).toEqual(["running2", "running1", "starting1", "queued1", "stopped3"]);
});

test("people are told what a stop leaves", () => {
  expect(keptText(aDesktop())).toBe("its home is kept");
  expect(keptText(aDesktop({ persistent_home: false, volume: "data" }))).toBe("its home is not, the volume data stays as it is");
});

test("its holder, an administrator and a guest are offered different things", () => {
  expect(offered(aDesktop(), context("ana"))).toEqual(["open", "extend", "share", "files", "stop"]);
  expect(offered(aDesktop(), context("root", true))).toEqual(["look", "extend", "stop"]);
  expect(offered(aDesktop(), context("ben"))).toEqual(["look"]);
  expect(offered(aDesktop({ state: "stopped" }), context("ana"))).toEqual(["resume", "share", "delete"]);
  expect(offered(aDesktop({ state: "queued" }), context("ana"))).toEqual(["share", "leave"]);
});

test("what the server refuses is said", () => {
  const extend = desktopActions.find(({ name }) => name === "extend")!;
  expect(extend.refusal(aDesktop({ cannot: { extend: "Somebody waits." } }), context("ana"))).toBe("Somebody waits.");
});

test("a closed view says why, and whether another ticket helps", () => {
  expect(overBy(4001, "Its time is over.")).toEqual({ text: "Its time is over.", again: false });
  expect(overBy(4002, "").again).toBe(true);
  expect(overBy(1006, "")).toEqual({ text: "The connection is broken.", again: true });
});

test("the viewer speaks to the server that the page came from", () => {
  expect(socketUrl("desktops/view")).toBe("ws://crib.test/api/desktops/view");
});

test("a configuration's size is said in people's units", () => {
  const one = { min_cpu: 1, max_cpu: 4, min_ram: "4096Mi", max_ram: "1500Mi" } as Configuration;
  expect(sizeOf(one)).toBe("1 to 4 CPU, 4 GiB to 1500 MiB");
  expect(sizeOf({ ...one, max_cpu: 1, max_ram: "4096Mi" })).toBe("1 CPU, 4 GiB");
});

test("an event reads again what it may have changed, and no more", () => {
  const event = anEvent("stopped", { kind: "desktop", key: "d1" });
  expect(kind.isTouched!(["desktops", "list", "mine"], event)).toBe(true);
  expect(kind.isTouched!(["desktops", "desktop", "d1"], event)).toBe(true);
  expect(kind.isTouched!(["desktops", "desktop", "d2"], event)).toBe(false);
  expect(kind.isTouched!(["desktops", "configurations"], event)).toBe(false);
  expect(kind.isTouched!(["desktops", "configurations"], { ...event, key: "configuration/Office" })).toBe(true);
});
