import { expect, test } from "vitest";
import "../src/kinds";
import { heldKinds, knownKinds } from "../src/things/registry";
import { sentence, sentenceText } from "../src/things/sentences";
import { anEvent } from "./make";

const key = "Content/Hero.uasset";

test.each([
  ["acquired", {}, "ann locked Content/Hero.uasset"],
  ["acquired", { branch: "main", comment: "rig" }, "ann locked Content/Hero.uasset on main: “rig”"],
  ["released", { held_seconds: 7200 }, "ann released Content/Hero.uasset after 2 h"],
  [
    "force_released",
    { holder: "ben", reason: "on leave" },
    "ann force-released Content/Hero.uasset, held by ben: “on leave”",
  ],
  ["transferred", { from: "ann", to: "ben" }, "ann handed over Content/Hero.uasset from ann to ben"],
  ["expired", { holder: "ben" }, "The lock of ben on Content/Hero.uasset ran out"],
  ["offered", { holder: "ben" }, "ben was told that Content/Hero.uasset is free"],
])("%s %j", (verb, data, text) => {
  expect(sentenceText(anEvent(verb, { key, data }))).toBe(text);
});

test("what the server does itself has the server as its actor, who is no person", () => {
  const event = anEvent("released", { key, actor: null });
  expect(sentenceText(event)).toMatch(/^The server released/);
  expect(sentence(event)[0]?.slot).toBe("plain");
});

test("a kind nobody told us of still reads as a sentence", () => {
  expect(sentenceText(anEvent("acquired", { kind: "kiln", key: "K1" }))).toBe("ann took K1");
  expect(sentenceText(anEvent("fired_up", { kind: "kiln", key: "K1" }))).toBe("ann fired up K1");
});

test("a label outranks a key", () => {
  expect(sentenceText(anEvent("released", { key: "d1c0", data: { label: "Plan.pdf" } }))).toBe("ann released Plan.pdf");
});

test("people and things are marked, so that they can be links", () => {
  const slots = sentence(anEvent("transferred", { key, data: { to: "ben" } })).map((segment) => segment.slot);
  expect(slots).toContain("thing");
  expect(slots.filter((slot) => slot === "person")).toHaveLength(2);
});

test("every kind's sentences name the thing, in slots that are closed", () => {
  for (const kind of knownKinds()) {
    for (const [verb, template] of Object.entries(kind.sentences)) {
      expect(template.replace(/\{\w+\}|\[[^[\]]*\]/g, ""), `${kind.name}.${verb}`).not.toMatch(/[{}[\]]/);
    }
  }
});

test("every kind of thing people hold has its page and its menu entry", () => {
  for (const kind of heldKinds()) {
    const paths = kind.pages.map((page) => page.path);
    for (const entry of kind.nav) expect(paths).toContain(entry.to);
    expect(kind.link({ kind: kind.name, scope: "", key: "a b?&" })).toMatch(/^\/[^ ]*$/);
  }
});

test("what people typed does not change how the rest of the sentence reads", () => {
  const event = anEvent("acquired", { key: "invoice\u202efdp.exe", data: { comment: "a\u2066b" } });
  expect(sentenceText(event)).toBe("ann locked invoice‹U+202E›fdp.exe: “a‹U+2066›b”");
});
