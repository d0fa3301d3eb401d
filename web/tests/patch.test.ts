import { describe, expect, test } from "vitest";
import "../src/kinds";
import type { Viewer } from "../src/claims/guess";
import { applyEvents, mergeClaims, withoutFences } from "../src/claims/patch";
import { aClaim, anEvent } from "./make";

const me: Viewer = { username: "me", isAdmin: false, viewedScopes: new Set<string>(), adminScopes: new Set(), mail: true };

function after(claims: ReturnType<typeof aClaim>[], events: ReturnType<typeof anEvent>[], viewer = me) {
  return applyEvents({ claims, seq: 0, complete: true }, events, viewer);
}

describe("events bring the holdings up to date", () => {
  test("a lock taken elsewhere appears, with all the row needs", () => {
    const event = anEvent("acquired", {
      seq: 500,
      actor: "ben",
      data: { holder: "ben", fence: 500, branch: "art", upstream_branch: "feature/art", comment: "trees", expires_at: "2026-11-21T10:00:00+00:00" },
    });
    const { holdings } = after([], [event]);
    expect(holdings.seq).toBe(500);
    expect(holdings.claims).toEqual([
      expect.objectContaining({
        fence: 500,
        holder: "ben",
        branch: "art",
        data: { upstream_branch: "feature/art" },
        comment: "trees",
        label: "Content/New.uasset",
        acquired_at: event.at,
        expires_at: "2026-11-21T10:00:00+00:00",
        can: { release: false, renew: false, transfer: false, force_release: false, wait: true, ask: true },
      }),
    ]);
  });

  test.each(["released", "force_released", "expired"])("%s takes the row away", (verb) => {
    const claim = aClaim();
    expect(after([claim], [anEvent(verb, {}, claim)]).holdings.claims).toEqual([]);
  });

  test("the end of an earlier claim does not take away a later one", () => {
    const earlier = aClaim({ key: "a", fence: 5 });
    const later = aClaim({ key: "a", fence: 9 });
    expect(after([later], [anEvent("released", {}, earlier)]).holdings.claims).toEqual([later]);
  });

  test("replaying what the list already contains changes nothing in the end", () => {
    const first = aClaim({ key: "a", fence: 5, holder: "ann" });
    const second = aClaim({ key: "a", fence: 9, holder: "ben", comment: "kept" });
    const replay = [
      anEvent("acquired", { seq: 5 }, first),
      anEvent("released", { seq: 7 }, first),
      anEvent("acquired", { seq: 9 }, second),
    ];
    const { holdings } = applyEvents({ claims: [second], seq: 9, complete: true }, replay, me);
    expect(holdings.claims).toEqual([second]);
  });

  test("a renewal moves the end, and can take it away", () => {
    const claim = aClaim({ expires_at: "2026-11-20T12:00:00+00:00" });
    const until = "2026-11-20T18:00:00+00:00";
    const moved = after([claim], [anEvent("renewed", { data: { expires_at: until } }, claim)]);
    expect(moved.holdings.claims[0]).toMatchObject({ expires_at: until, fence: claim.fence });
    const endless = after([claim], [anEvent("renewed", { data: { expires_at: null } }, claim)]);
    expect(endless.holdings.claims[0]?.expires_at).toBeNull();
  });

  test("handing over keeps what the event does not say, under the new fence", () => {
    const claim = aClaim({ fence: 5, holder: "ann", branch: "art", comment: "trees", expires_at: "2026-11-21T10:00:00+00:00" });
    const event = anEvent("transferred", { seq: 8, data: { from: "ann", to: "me", holder: "me", fence: 8 } }, claim);
    expect(after([claim], [event]).holdings.claims).toEqual([
      expect.objectContaining({
        holder: "me",
        fence: 8,
        branch: "art",
        comment: "trees",
        expires_at: claim.expires_at,
        can: { release: true, renew: true, transfer: true, force_release: false, wait: false, ask: false },
      }),
    ]);
  });

  test("an admin of the project may end other people's new claims, but not their own by force", () => {
    const ruler: Viewer = { username: "me", isAdmin: false, viewedScopes: new Set<string>(), adminScopes: new Set(["project:harbour"]), mail: true };
    const there = anEvent("acquired", { scope: "project:harbour", data: { holder: "ann", fence: 1 } });
    const elsewhere = anEvent("acquired", { data: { holder: "ann", fence: 2 } });
    const own = anEvent("acquired", { scope: "project:harbour", key: "b", data: { holder: "me", fence: 3 } });
    const rights = after([], [there, elsewhere, own], ruler).holdings.claims.map((claim) => claim.can.force_release);
    expect(rights).toEqual([true, false, false]);
  });

  test("the same path in two projects is two things", () => {
    const here = aClaim({ key: "a", scope: "project:default" });
    const there = aClaim({ key: "a", scope: "project:harbour" });
    expect(after([here, there], [anEvent("released", {}, here)]).holdings.claims).toEqual([there]);
  });

  test("events about other things only move the place in the log", () => {
    const claim = aClaim();
    const { holdings } = after([claim], [anEvent("password_changed", { seq: 700, kind: "user", key: "ann" })]);
    expect(holdings).toEqual({ claims: [claim], seq: 700, complete: true });
  });

  test("a queue that changed is asked for again, also after it gave the claim to the next in line", () => {
    const claim = aClaim({ fence: 5, queue: 2 });
    expect(after([claim], [anEvent("queued", {}, claim)]).recheck).toEqual([5]);
    const next = aClaim({ key: claim.key, fence: 9, holder: "ben" });
    const { recheck, holdings } = after([claim], [anEvent("released", {}, claim), anEvent("acquired", {}, next)]);
    expect(recheck).toEqual([9]);
    expect(holdings.claims[0]?.holder).toBe("ben");
  });
});

test("a claim read afresh replaces the row of the same fence only", () => {
  const old = aClaim({ fence: 5, queue: 0 });
  const moved = aClaim({ fence: 9 });
  const fresh = { ...old, queue: 3 };
  const { claims } = mergeClaims({ claims: [old, moved], seq: 1, complete: true }, [fresh, aClaim({ fence: 77 })]);
  expect(claims).toEqual([fresh, moved]);
});

test("what I have just released goes at once", () => {
  const [a, b] = [aClaim(), aClaim()];
  expect(withoutFences({ claims: [a, b], seq: 1, complete: true }, new Set([a.fence])).claims).toEqual([b]);
});
