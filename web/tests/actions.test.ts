import { expect, test } from "vitest";
import { actionsFor, bulkForceReason, bulkReleaseReason } from "../src/claims/actions";
import { aClaim } from "./make";

const circumstances = { me: "me", mail: true };

function reasons(claim: ReturnType<typeof aClaim>, mail = true): Record<string, string | null> {
  return Object.fromEntries(actionsFor(claim, { me: "me", mail }).map((action) => [action.id, action.reason]));
}

test("what is mine I may extend, hand over and release", () => {
  const mine = actionsFor(aClaim({ holder: "me" }), circumstances);
  expect(mine.map((action) => [action.id, action.reason])).toEqual([
    ["extend", null],
    ["hand-over", null],
    ["release", null],
  ]);
});

test("what is another's shows why I may not", () => {
  expect(reasons(aClaim({ holder: "ann" }))).toEqual({
    wait: null,
    notify: null,
    "hand-over": "Only ann or an administrator can.",
    release: "Only ann can release it.",
    "force-release": "Only administrators can.",
  });
});

test("without mail nobody can be sent one", () => {
  expect(reasons(aClaim({ holder: "ann" }), false).notify).toBe("This server sends no mail.");
});

test("who may only look is not offered to wait, and is told why", () => {
  const cannot = { wait: "You may see it, but not hold it." };
  expect(reasons(aClaim({ holder: "ann", cannot })).wait).toBe(cannot.wait);
});

test("an administrator may hand over and force-release", () => {
  const can = { release: false, renew: false, transfer: true, force_release: true, wait: true, ask: true };
  expect(reasons(aClaim({ holder: "ann", can }))).toMatchObject({ "hand-over": null, "force-release": null });
});

test("in a project its admins may too, and the reason says so", () => {
  expect(reasons(aClaim({ scope: "project:harbour" }))["force-release"]).toBe(
    "Only administrators and admins of harbour can.",
  );
});

test("a selection can be released when all of it is mine", () => {
  const mine = aClaim({ holder: "me" });
  expect(bulkReleaseReason([mine, aClaim({ holder: "me" })], "me")).toBeNull();
  expect(bulkReleaseReason([mine, aClaim({ holder: "ann" })], "me")).toBe("1 of 2 is held by ann.");
  expect(bulkForceReason([mine])).toBe("Only administrators can.");
});
