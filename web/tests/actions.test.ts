import { expect, test } from "vitest";
import type { Claim } from "../src/api/types";
import { actionsOn, claimActions, type ClaimContext } from "../src/claims/actions";
import { actByKey, shortcutsOf } from "../src/ui/action";
import { aClaim } from "./make";

const context: ClaimContext = { me: "me", go: () => undefined };

/** Action -> why not, null where it may be done; what is not shown is left out. */
function refusals(claim: Claim): Record<string, string | null> {
  return Object.fromEntries(
    actionsOn(claim).flatMap((action) => {
      const refusal = action.refusal(claim, context);
      return refusal === undefined ? [] : [[action.name, refusal]];
    }),
  );
}

function bulkRefusal(name: string, claims: Claim[]): string | null | undefined {
  return claimActions.find((action) => action.name === name)?.bulk?.refusal(claims, context);
}

test("what is mine I may extend, hand over and release", () => {
  expect(Object.entries(refusals(aClaim({ holder: "me" })))).toEqual([
    ["extend", null],
    ["hand-over", null],
    ["release", null],
  ]);
});

test("what is another's shows why I may not", () => {
  expect(refusals(aClaim({ holder: "ann" }))).toEqual({
    wait: null,
    ask: null,
    "hand-over": "Only ann or an administrator can hand it over.",
    release: "Only ann can release it.",
    "force-release": "Only an administrator can force-release it.",
  });
});

test("the server's word on what may be done, and why not, decides", () => {
  const can = { release: false, renew: false, transfer: false, force_release: true, wait: false, ask: false };
  const cannot = {
    release: "The machine is being prepared.",
    renew: "Only ann can change its end.",
    transfer: "A desktop stays with its person.",
    wait: "Nobody waits for a desktop.",
    ask: "Mail is switched off on this server.",
  };
  expect(refusals(aClaim({ holder: "ann", can, cannot }))).toEqual({
    wait: "Nobody waits for a desktop.",
    ask: "Mail is switched off on this server.",
    "hand-over": "A desktop stays with its person.",
    release: "The machine is being prepared.",
    "force-release": null,
  });
});

test("who may only look is not offered to wait, and is told why", () => {
  const claim = aClaim({ holder: "ann", queue: 1 });
  const cannot = { ...claim.cannot, wait: "You may see it, but not hold it." };
  expect(refusals({ ...claim, can: { ...claim.can, wait: false }, cannot }).wait).toBe(cannot.wait);
});

test("who waits already can still look at the line, to leave it", () => {
  const claim = aClaim({ holder: "ann", queue: 1, waiting: true });
  const cannot = { ...claim.cannot, wait: "You are waiting for it already." };
  expect(refusals({ ...claim, can: { ...claim.can, wait: false }, cannot }).wait).toBeNull();
});

test("holders of a kind that knows no way to write to them are sent no mail", () => {
  expect(refusals(aClaim({ kind: "document", holder: "ann" }))).not.toHaveProperty("ask");
});

test("a selection can be released when all of it is mine", () => {
  const mine = aClaim({ holder: "me" });
  expect(bulkRefusal("release", [mine, aClaim({ holder: "me" })])).toBeNull();
  expect(bulkRefusal("release", [mine, aClaim({ holder: "ann" })])).toBe("1 of 2 is held by ann.");
  expect(bulkRefusal("force-release", [aClaim({ holder: "ann" })])).toBe("Only an administrator can force-release it.");
});

test("a key does what it stands for, where that makes sense", () => {
  const done: string[] = [];
  const actions = claimActions.map((action) => ({ ...action, run: () => void done.push(action.name) }));
  const mine = aClaim({ holder: "me" });
  expect(actByKey(actions, "e", mine, context)).toBe(true);
  expect(actByKey(actions, "w", mine, context)).toBe(false);
  expect(actByKey(actions, "z", mine, context)).toBe(false);
  expect(actByKey(actions, "w", aClaim({ holder: "ann" }), context)).toBe(true);
  expect(done).toEqual(["extend", "wait"]);
});

test("every key that acts on a claim is in the list of shortcuts, once", () => {
  expect(shortcutsOf(claimActions)).toEqual([
    [["e"], "Extend"],
    [["w"], "Wait for it"],
    [["n"], "Send the holder a mail"],
    [["t"], "Hand over"],
    [["r"], "Release"],
    [["f"], "Force-release"],
  ]);
});
