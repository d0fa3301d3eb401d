import { expect, test } from "vitest";
import { filterClaims, parseFilter } from "../src/claims/filter";
import { aClaim } from "./make";

const map = aClaim({ key: "Content/Maps/Harbour L 1.umap", holder: "ann", branch: "feature/light", comment: "Night pass" });
const hero = aClaim({ key: "Content/Hero.uasset", holder: "ben", branch: "main", scope: "project:harbour", data: { upstream_branch: "release/2" } });
const all = [map, hero];

test.each([
  ["", all],
  ["   ", all],
  ["hero", [hero]],
  ["HERO", [hero]],
  ["content umap", [map]],
  ["night", [map]],
  ["ann", [map]],
  ["@ann", [map]],
  ["@an hero", []],
  ["branch:main", [hero]],
  ["branch:release/2", [hero]],
  ["holder:ben content", [hero]],
  ["project:harbour", [hero]],
  ["project:default", [map]],
  ["kind:asset", all],
  ["kind:document", []],
  ['"harbour l 1"', [map]],
  ['"harbour l', [map]],
  ["harbour", all],
  ["@", all],
  ["branch:", all],
  ["C:\\art", []],
])("%j finds what it should", (text, expected) => {
  expect(filterClaims(all, text)).toEqual(expected);
});

test("an unknown prefix is a word like any other", () => {
  expect(parseFilter("https://x").words).toEqual(["https://x"]);
});

test("a few are found among ten thousand", () => {
  const many = Array.from({ length: 10_000 }, (_, n) => aClaim({ key: `Content/Folder${n % 100}/File${n}.uasset` }));
  expect(filterClaims(many, "folder42 file142").map((claim) => claim.key)).toEqual(["Content/Folder42/File142.uasset"]);
});
