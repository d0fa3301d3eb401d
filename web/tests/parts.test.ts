import { describe, expect, test } from "vitest";
import { partActions, type PartContext } from "../src/kinds/parts/actions";
import { fits, neighbour, NO_FILTER, ordered, valuesOf } from "../src/kinds/parts/board";
import { compareFigures, figureList } from "../src/kinds/parts/figures";
import { previousModel } from "../src/kinds/parts/files";
import { part as partKind } from "../src/kinds/parts/kind";
import { moveTo } from "../src/kinds/parts/moves";
import { notice } from "../src/kinds/parts/notice";
import { addressProblem } from "../src/kinds/parts/onshape/address";
import type { Part, PartFile, ShopSettings, Step } from "../src/kinds/parts/types";
import { fileProblem } from "../src/kinds/parts/upload";
import { dayOf, dueState, dueWord, endOfDay, titleOf } from "../src/kinds/parts/words";
import { sentenceText } from "../src/things/sentences";
import { anEvent } from "./make";

const NOW = Date.parse("2026-11-20T12:00:00+00:00");
let next = 1;

function aPart(fields: Partial<Part> = {}): Part {
  const id = fields.id ?? next++;
  return {
    id,
    project: "shop",
    part_number: `FR-${id}`,
    name: "Bracket",
    type: "cnc",
    material: "Aluminium 6061",
    material_thickness: "3 mm",
    amount: 4,
    subsystem: "Drive",
    notes: null,
    status: "Reviewed",
    category: "cnc",
    onshape_url: null,
    misc_info: null,
    author: "ann",
    reviewer: null,
    created_at: "2026-11-01T10:00:00+00:00",
    updated_at: "2026-11-01T10:00:00+00:00",
    completed_at: null,
    version: 1,
    priority: 0,
    due_at: null,
    assigned: null,
    claimed_at: null,
    claim: null,
    quantities: { wanted: 4, made: 0, scrapped: 0, remaining: 4 },
    blocked: null,
    rework: null,
    file: null,
    revision: 0,
    revision_label: null,
    step: null,
    last_step: null,
    last_step_done: null,
    thumbnail: false,
    conversion: null,
    ...fields,
  };
}

function aStep(fields: Partial<Step> = {}): Step {
  return {
    id: 7,
    position: 1,
    process: "turn",
    board: "cnc",
    resource: null,
    person: null,
    state: "due",
    note: null,
    started_at: null,
    finished_at: null,
    finished_by: null,
    ...fields,
  };
}

const heldBy = (holder: string, recheck = false): Partial<Part> => ({
  assigned: holder,
  claim: { fence: 1, holder, expires_at: null, recheck, revision: 1 },
});

const shop = (fields: Partial<ShopSettings> = {}): ShopSettings => ({
  project: "shop",
  role: "member",
  last_step: null,
  reviewer_is_not_author: false,
  scrap_reasons: [],
  remind_hours: 0,
  return_hours: 0,
  ...fields,
});

const context = (me: string, fields: Partial<ShopSettings> = {}, isAdmin = false): PartContext => ({
  me,
  isAdmin,
  shop: shop(fields),
  go: () => undefined,
});

/** What one may do with a part now, by the names of the actions. */
function possible(part: Part, who: PartContext): string[] {
  return partActions.filter((action) => action.refusal(part, who) === null).map(({ name }) => name);
}

describe("what can be done with a part", () => {
  test("who holds it decides who takes, takes over, gives back and assigns", () => {
    expect(possible(aPart(), context("ann"))).toContain("take");
    const held = aPart(heldBy("ben"));
    expect(possible(held, context("ann"))).toEqual(expect.arrayContaining(["take-over", "done", "count"]));
    expect(possible(held, context("ann"))).not.toEqual(expect.arrayContaining(["take"]));
    expect(possible(held, context("ann"))).not.toContain("give-back");
    expect(possible(held, context("ben"))).toEqual(expect.arrayContaining(["give-back", "assign"]));
    expect(possible(held, context("ben"))).not.toContain("take-over");
    expect(possible(held, context("zoe", { role: "admin" }))).toEqual(expect.arrayContaining(["give-back", "assign"]));
  });

  test("a viewer may do nothing but print a label", () => {
    for (const part of [aPart(), aPart({ category: "review" }), aPart({ category: "completed" }), aPart(heldBy("ben"))]) {
      expect(possible(part, context("eve", { role: "viewer" }))).toEqual(["label"]);
    }
    expect(possible(aPart(), context("root", { role: "viewer" }, true))).toContain("take");
  });

  test("where the reviewer is another person, the author cannot approve", () => {
    const waiting = aPart({ category: "review" });
    expect(possible(waiting, context("ann"))).toContain("approve");
    expect(possible(waiting, context("ann", { reviewer_is_not_author: true }))).not.toContain("approve");
    expect(possible(waiting, context("ben", { reviewer_is_not_author: true }))).toContain("approve");
  });

  test("what is blocked is not done; what is done can be inspected once, sent back and put back", () => {
    const blocked = aPart({ blocked: { reason: "no bits", at: "2026-11-01T10:00:00Z", by: "ann" } });
    expect(possible(blocked, context("ann"))).not.toContain("done");
    expect(possible(blocked, context("ann"))).toContain("unblock");
    const done = aPart({ category: "completed", last_step: "inspected" });
    expect(possible(done, context("ann"))).toEqual(expect.arrayContaining(["last-step", "rework", "revert"]));
    const inspected = { ...done, last_step_done: { at: "2026-11-02T10:00:00Z", by: "ben" } };
    expect(possible(inspected, context("ann"))).not.toContain("last-step");
  });

  test("only its author and who runs the project can delete it", () => {
    expect(possible(aPart(), context("ann"))).toContain("remove");
    expect(possible(aPart(), context("ben"))).not.toContain("remove");
    expect(possible(aPart(), context("ben", { role: "owner" }))).toContain("remove");
  });

  test("each action has its own key, and none of those that lists use", () => {
    const keys = partActions.flatMap((action) => (action.name === "unblock" ? [] : (action.keys ?? [])));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => ["j", "k", "m", "g", "N", "/", "?"].includes(key))).toEqual([]);
  });
});

describe("moving a card", () => {
  const who = context("ann");
  const refusal = (part: Part, column: Part["category"]): string | null => moveTo(part, column, who).refusal;

  test.each([
    ["review", "cnc", null],
    ["review", "hand", null],
    ["review", "completed", "approved first"],
    ["cnc", "review", "does not go back"],
    ["cnc", "misc", null],
    ["cnc", "completed", null],
    ["completed", "cnc", null],
    ["completed", "hand", "back to CNC"],
  ] as const)("from %s to %s", (from, to, why) => {
    const said = refusal(aPart({ category: from }), to);
    if (why === null) expect(said).toBeNull();
    else expect(said).toContain(why);
  });

  test("a first step says to which board a part is approved", () => {
    const planned = aPart({ category: "review", step: aStep({ board: "hand", process: "cut" }) });
    expect(refusal(planned, "cnc")).toContain("cut");
    expect(refusal(planned, "hand")).toBeNull();
  });

  test("nobody moves what they may only look at, and a blocked part is not done", () => {
    expect(moveTo(aPart(), "hand", context("eve", { role: "viewer" })).refusal).not.toBeNull();
    expect(refusal(aPart({ blocked: { reason: "no bits", at: "", by: null } }), "completed")).toContain("no bits");
  });
});

describe("the board", () => {
  test("urgent first, then what is due first, then what came first", () => {
    const parts = [
      aPart({ id: 91, due_at: "2026-12-01T00:00:00Z" }),
      aPart({ id: 92, priority: 2 }),
      aPart({ id: 93, due_at: "2026-11-25T00:00:00+02:00" }),
      aPart({ id: 94, created_at: "2026-10-01T10:00:00+00:00" }),
      aPart({ id: 95 }),
    ];
    expect(ordered(parts, "cnc").map(({ id }) => id)).toEqual([92, 93, 91, 94, 95]);
    const done = [aPart({ id: 1, completed_at: "2026-11-01T00:00:00Z" }), aPart({ id: 2, completed_at: "2026-11-02T00:00:00Z" })];
    expect(ordered(done, "completed").map(({ id }) => id)).toEqual([2, 1]);
  });

  test("the filter asks for all words, a person, a process, a due date and a mark", () => {
    const part = aPart({ ...heldBy("ben", true), step: aStep({ process: "deburr" }), due_at: "2026-11-21T00:00:00Z" });
    const passes = (fields: Partial<typeof NO_FILTER>): boolean => fits(part, { ...NO_FILTER, ...fields }, NOW);
    expect(passes({ text: "bracket 6061" })).toBe(true);
    expect(passes({ text: "bracket steel" })).toBe(false);
    expect([passes({ person: "ben" }), passes({ person: "-" }), passes({ person: "ann" })]).toEqual([true, false, false]);
    expect([passes({ process: "deburr" }), passes({ process: "turn" })]).toEqual([true, false]);
    expect([passes({ due: "soon" }), passes({ due: "over" }), passes({ due: "dated" })]).toEqual([true, false, true]);
    expect([passes({ marks: "recheck" }), passes({ marks: "blocked" })]).toEqual([true, false]);
    expect(valuesOf([part, aPart()])).toEqual({ people: ["ben"], processes: ["deburr"] });
  });

  test("arrow keys go from card to card, over empty columns", () => {
    const columns = [[1, 2, 3], [], [4], [5, 6]];
    expect(neighbour(columns, 2, "ArrowDown")).toBe(3);
    expect(neighbour(columns, 1, "ArrowUp")).toBeNull();
    expect(neighbour(columns, 3, "ArrowRight")).toBe(4);
    expect(neighbour(columns, 6, "ArrowLeft")).toBe(4);
    expect(neighbour(columns, 5, "ArrowRight")).toBeNull();
  });
});

describe("words", () => {
  test("due dates are days, and end in the evening", () => {
    expect(dayOf(endOfDay("2026-11-20"))).toBe("2026-11-20");
    expect(endOfDay("")).toBeNull();
    expect(dueState(aPart({ due_at: "2026-11-20T11:00:00Z" }), NOW)).toBe("over");
    expect(dueState(aPart({ due_at: "2026-11-20T11:00:00Z", category: "completed" }), NOW)).toBe("none");
    expect(dueWord("2026-11-22T13:00:00Z", NOW)).toBe("due in 2 d");
    expect(dueWord("2026-11-20T09:00:00Z", NOW)).toBe("3 h late");
  });

  test("a name is not said twice", () => {
    expect(titleOf({ part_number: "FR-1", name: "Bracket" })).toBe("FR-1 Bracket");
    expect(titleOf({ part_number: "FR-1", name: "FR-1" })).toBe("FR-1");
    expect(titleOf({ part_number: "FR-1", name: null })).toBe("FR-1");
  });

  test.each([
    ["a.STEP", 1, null],
    ["a.stp", 1, null],
    ["a.pdf", 1, null],
    ["a.step.exe", 1, "no STEP"],
    ["step", 1, "no STEP"],
    ["a.pdf", 0, "empty"],
  ])("%s of %d bytes", (name, size, why) => {
    if (why === null) expect(fileProblem({ name, size })).toBeNull();
    else expect(fileProblem({ name, size })).toContain(why);
  });

  test("what was counted reads as a sentence, with what is known of it", () => {
    const event = anEvent("counted", { kind: "part", key: "3", data: { label: "FR-1 Bracket", made: 2, scrapped: 1, reason: "wrong size" } });
    expect(sentenceText(event)).toBe("ann counted FR-1 Bracket, 2 made, 1 scrapped: wrong size");
    expect(partKind.link({ kind: "part", scope: "project:shop", key: "3" })).toBe("/parts/3");
  });

  test("a person is told of what others did to their parts, not of their own doing", () => {
    const event = anEvent("taken_over", { kind: "part", key: "3", actor: "ben", data: { label: "FR-1", from: "me", reason: "you are ill" } });
    expect(notice(event, { username: "me" })?.message).toContain("you are ill");
    expect(notice(event, { username: "zoe" })).toBeNull();
    expect(notice({ ...event, actor: "me" }, { username: "me" })).toBeNull();
  });
});

describe("two revisions", () => {
  const figures = { solids: 1, faces: 24, bounding_box: { size_mm: [60, 40, 20] }, volume_mm3: 48_000, area_mm2: 8800 };

  test("are compared figure by figure; meshes of one solid differ a little", () => {
    const rows = compareFigures(figures, { ...figures, volume_mm3: 48_010, faces: 26, bounding_box: { size_mm: [66, 40, 20] } });
    const change = Object.fromEntries(rows.map((row) => [row.name, row.change]));
    expect(change).toMatchObject({ "Size in x": "+10 %", "Size in y": "same", "Volume, approx.": "same", Faces: "+2", Solids: "same" });
    expect(figureList(figures)[0]).toEqual(["Size in x", "60 mm"]);
  });

  test("what one of the two does not have is unknown, not a change", () => {
    const [row] = compareFigures({ solids: 1 }, { solids: null });
    expect(row).toMatchObject({ name: "Solids", after: null, change: null, changed: false });
    expect(compareFigures(null, undefined)).toEqual([]);
  });

  test("the newest is compared with the last approved one, else with the one before", () => {
    const file = (revision: number, label: string | null): PartFile => ({ revision, label }) as PartFile;
    expect(previousModel([file(4, null), file(3, null), file(2, "B"), file(1, "A")])?.revision).toBe(2);
    expect(previousModel([file(2, null), file(1, null)])?.revision).toBe(1);
    expect(previousModel([file(1, null)])).toBeNull();
  });
});

describe("addresses at Onshape", () => {
  test.each([
    ["https://cad.onshape.com/documents/d1/w/w2/e/e3", null],
    [" https://team.onshape.com/documents/d1/v/w2/e/e3/?renderMode=0 ", null],
    ["cad.onshape.com/documents/d1/w/w2/e/e3", "This is no address."],
    ["http://cad.onshape.com/documents/d1/w/w2/e/e3", "no address of Onshape"],
    ["https://cad.onshape.com.evil.example/documents/d1/w/w2/e/e3", "no address of Onshape"],
    ["https://cad.onshape.com@evil.example/documents/d1/w/w2/e/e3", "no address of Onshape"],
    ["https://cad.onshape.com:8443/documents/d1/w/w2/e/e3", "no address of Onshape"],
    ["https://cad.onshape.com/documents/d1", "names no tab"],
    ["https://cad.onshape.com/documents/d1/m/w2/e/e3", "names no tab"],
  ])("%s", (address, problem) => {
    if (problem === null) expect(addressProblem(address)).toBeNull();
    else expect(addressProblem(address)).toContain(problem);
  });
});
