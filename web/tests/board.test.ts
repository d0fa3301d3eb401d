import { describe, expect, test } from "vitest";
import { boardRows, MINE, type BoardRow } from "../src/claims/board";
import { aClaim } from "./make";

const none: ReadonlySet<string> = new Set();

function shape(rows: BoardRow[]): string[] {
  return rows.map((row) => {
    if (row.type === "section") return `# ${row.title} ${row.count}`;
    if (row.type === "person") return `@ ${row.holder} ${row.count}`;
    return row.claim.label;
  });
}

const claims = [
  aClaim({ key: "z", holder: "zoe" }),
  aClaim({ key: "b", holder: "ann" }),
  aClaim({ key: "mine", holder: "me" }),
  aClaim({ key: "A", holder: "ann" }),
  aClaim({ key: "press-2", kind: "machine", holder: "ann" }),
];

describe("the board", () => {
  test("by kind: mine first, then each kind, its people, their things", () => {
    expect(shape(boardRows(claims, { me: "me", grouping: "kind", closed: none }))).toEqual([
      "# Held by me 1",
      "mine",
      "# Assets 3",
      "@ ann 2",
      "A",
      "b",
      "@ zoe 1",
      "z",
      "# Machines 1",
      "@ ann 1",
      "press-2",
    ]);
  });

  test("by person: everything somebody holds is together", () => {
    expect(shape(boardRows(claims, { me: "me", grouping: "person", closed: none }))).toEqual([
      "# Held by me 1",
      "mine",
      "@ ann 3",
      "A",
      "b",
      "press-2",
      "@ zoe 1",
      "z",
    ]);
  });

  test("a closed group keeps its heading and its count", () => {
    const closed = new Set([MINE, "kind:asset"]);
    expect(shape(boardRows(claims, { me: "me", grouping: "kind", closed }))).toEqual([
      "# Held by me 1",
      "# Assets 3",
      "# Machines 1",
      "@ ann 1",
      "press-2",
    ]);
  });

  test("nothing held, no rows", () => {
    expect(boardRows([], { me: "me", grouping: "kind", closed: none })).toEqual([]);
  });

  test("every row has an id of its own", () => {
    const rows = boardRows(claims, { me: "me", grouping: "kind", closed: none });
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  });
});
