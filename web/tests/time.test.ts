import { describe, expect, test } from "vitest";
import { endPresets } from "../src/claims/ends";
import { dayName, duration, fromLocalInput, localInput, relative, urgency } from "../src/ui/time";

const now = Date.parse("2026-11-20T12:00:00Z");
const at = (ms: number): string => new Date(now + ms).toISOString();
const MIN = 60_000;
const H = 60 * MIN;
const D = 24 * H;

describe("relative times", () => {
  test.each([
    [-20_000, "just now"],
    [-4 * MIN, "4 min ago"],
    [-(3 * H + 20 * MIN), "3 h 20 min ago"],
    [-7 * H - 20 * MIN, "7 h ago"],
    [-(D + 5 * H), "1 d 5 h ago"],
    [-(2 * D + 5 * H), "2 d ago"],
    [-9 * D, "9 d ago"],
    [-6 * 7 * D, "6 wk ago"],
    [30_000, "in under a minute"],
    [2 * H, "in 2 h"],
  ])("%d ms is %j", (delta, words) => {
    expect(relative(at(delta), now)).toBe(words);
  });

  test("what is no time says nothing", () => {
    expect(relative("soon", now)).toBe("");
  });
});

test("durations carry no minus", () => {
  expect(duration(-5 * MIN)).toBe("5 min");
});

test.each([
  [null, "calm"],
  [at(2 * H), "calm"],
  [at(10 * MIN), "soon"],
  [at(-1), "over"],
] as const)("%j is %s", (expires, state) => {
  expect(urgency(expires, now)).toBe(state);
});

test("days have names", () => {
  expect(dayName(at(0), now)).toBe("Today");
  expect(dayName(at(-D), now)).toBe("Yesterday");
});

test("a local input gives back the minute it was given", () => {
  const moment = new Date(2026, 10, 20, 18, 5);
  expect(fromLocalInput(localInput(moment))).toBe(moment.toISOString());
  expect(fromLocalInput("")).toBeNull();
  expect(fromLocalInput("tomorrow")).toBeNull();
});

describe("ends to choose from", () => {
  test("are all ahead, and the same one is not offered twice", () => {
    for (const hour of [8, 17, 23]) {
      for (let day = 16; day < 23; day += 1) {
        const moment = new Date(2026, 10, day, hour, 30);
        const presets = endPresets(moment);
        const times = presets.flatMap((preset) => (preset.at ? [preset.at.getTime()] : []));
        expect(Math.min(...times)).toBeGreaterThan(moment.getTime());
        expect(new Set(times).size).toBe(times.length);
      }
    }
  });
});
