import { expect, test } from "vitest";
import { fitted } from "../src/ui/fitColumns";

test("widths stay common while nothing is cut, and where there is no room to give", () => {
  expect(fitted([100, 50, 50], [100, 20, 50])).toBeNull();
  expect(fitted([100, 50], [300, 50])).toBeNull();
});

test("a column that lacks room gets it from those that have some, and only as much as it lacks", () => {
  expect(fitted([100, 50, 150], [130, 50, 50])).toEqual([130, 50, 120]);
  expect(fitted([100, 60, 60], [130, 40, 20])).toEqual([130, 50, 40]);
});

test("names are whole before paths and comments are long", () => {
  expect(fitted([300, 60, 200], [900, 160, 700], [true, false, true])).toEqual([225, 160, 175]);
  expect(fitted([300, 60], [900, 500], [true, false])).toEqual([150, 210]);
  expect(fitted([100, 60], [900, 160], [true, false])).toBeNull();
});

test("where room is short, nobody keeps any, and the shortest text is whole first", () => {
  const widths = fitted([100, 40, 60], [400, 50, 30])!;
  expect(widths).toEqual([120, 50, 30]);
  expect(widths.reduce((total, one) => total + one)).toBe(200);
});
