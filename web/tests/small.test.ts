// @vitest-environment jsdom
import { afterEach, describe, expect, test } from "vitest";
import { apiUrl, basePath, serverUrl } from "../src/api/base";
import { normalisePath } from "../src/kinds/assets/paths";
import { noticeOf } from "../src/live/notices";
import { filtersFrom, eventQuery, passes } from "../src/pages/activity/filters";
import { randomPassword } from "../src/pages/admin/randomPassword";
import { sortClaims } from "../src/kinds/assets/pages/sort";
import { inside } from "../src/pages/login/next";
import { gitUrl } from "../src/pages/settings/gitUrl";
import { hueOf, initials } from "../src/ui/initials";
import { aClaim, anEvent } from "./make";

describe("under a base path", () => {
  afterEach(() => document.querySelector("base")?.remove());

  test.each([
    ["/", "/", "/api/locks", "http://crib.test"],
    ["/tools/crib/", "/tools/crib/", "/tools/crib/api/locks", "http://crib.test/tools/crib"],
  ])("%s", (href, base, api, server) => {
    const element = document.createElement("base");
    element.setAttribute("href", href);
    document.head.append(element);
    expect([basePath(), apiUrl("locks"), serverUrl()]).toEqual([base, api, server]);
  });
});

test.each([
  [null, "/"],
  ["/assets?q=a%20b", "/assets?q=a%20b"],
  ["//evil.test", "/"],
  ["/\\evil.test", "/"],
  ["https://evil.test", "/"],
  ["/login?next=/", "/"],
])("after signing in, %j leads to %j", (next, where) => {
  expect(inside(next)).toBe(where);
});

test.each([
  ["\\Content\\\\Maps/L1.umap", "Content/Maps/L1.umap"],
  ["/a//b/", "a/b"],
  ["  a b ", "a b"],
  ["/", ""],
])("%j is the path %j", (typed, path) => {
  expect(normalisePath(typed)).toBe(path);
});

test("the LFS address carries the name, safely", () => {
  expect(gitUrl("https://h.test/crib", "ann@x", "art/props")).toBe("https://ann%40x@h.test/crib/art/props.git/info/lfs");
});

test("initials and colours are the same every time", () => {
  expect([initials("ann"), initials("ann.berg"), initials("Zoë-Li"), initials("")]).toEqual(["AN", "AB", "ZL", "?"]);
  expect(hueOf("ann")).toBe(hueOf("ann"));
});

test("sorting puts what has no end last, both ways round", () => {
  const [early, late, never] = [
    aClaim({ expires_at: "2026-11-20T12:00:00+00:00" }),
    aClaim({ expires_at: "2026-11-21T12:00:00+00:00" }),
    aClaim({ expires_at: null }),
  ];
  expect(sortClaims([never, late, early], { by: "ends", down: false })).toEqual([early, late, never]);
  expect(sortClaims([never, early, late], { by: "ends", down: true })).toEqual([late, early, never]);
});

test("made-up passwords are long, and differ", () => {
  const [a, b] = [randomPassword(), randomPassword()];
  expect(a).toMatch(/^(\w{5}-){3}\w{5}$/);
  expect(a).not.toBe(b);
});

describe("filters of the log", () => {
  const filters = filtersFrom(new URLSearchParams("actor=ann&since=2026-11-20T10:00"));

  test("become the server's parameters, times in UTC", () => {
    const query = new URLSearchParams(eventQuery(filters, { limit: 5 }));
    expect(query.get("actor")).toBe("ann");
    expect(query.get("since")).toBe(new Date("2026-11-20T10:00").toISOString());
    expect(query.has("verb")).toBe(false);
  });

  test("apply to live events alike", () => {
    const later = new Date("2026-11-20T11:00").toISOString();
    const earlier = new Date("2026-11-20T09:00").toISOString();
    expect(passes(anEvent("acquired", { actor: "ann", at: later }), filters)).toBe(true);
    expect(passes(anEvent("acquired", { actor: "ben", at: later }), filters)).toBe(false);
    expect(passes(anEvent("acquired", { actor: "ann", at: earlier }), filters)).toBe(false);
  });
});

const me = { username: "me", uuid: "" };
const ann = { username: "ann", uuid: "" };

describe("what one is told of", () => {
  test("that another ended my hold, and why", () => {
    const event = anEvent("force_released", { actor: "lena", data: { holder: "me", reason: "build" } });
    expect(noticeOf(event, me)?.message).toBe("Content/New.uasset: build");
    expect(noticeOf(event, ann)).toBeNull();
  });

  test("that something came to me; not what I did myself", () => {
    const data = { from: "ann", to: "me", holder: "me" };
    expect(noticeOf(anEvent("transferred", { actor: "ann", data }), me)).not.toBeNull();
    expect(noticeOf(anEvent("transferred", { actor: "me", data }), me)).toBeNull();
    expect(noticeOf(anEvent("acquired", { actor: "me", data: { holder: "me" } }), me)).toBeNull();
  });

  test("that my turn in line has come", () => {
    const event = anEvent("acquired", { actor: "me", data: { holder: "me", granted: true } });
    expect(noticeOf(event, me)?.title).toBe("It is your turn");
    expect(noticeOf(event, ann)).toBeNull();
  });
});
