// @vitest-environment jsdom
import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { clashesQuery } from "../src/api/queries";

afterEach(() => vi.unstubAllGlobals());

const clash = { claims: [] };

/** A server with so many answers, of which these have so many clashes; what it was asked. */
function serve(answers: number, clashes: Record<number, number>): (string | null)[] {
  const asked: (string | null)[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    const cursor = new URL(url, location.origin).searchParams.get("cursor");
    asked.push(cursor);
    const number = Number(cursor ?? 0);
    const next_cursor = number + 1 < answers ? String(number + 1) : null;
    return new Response(
      JSON.stringify({ clashes: Array(clashes[number] ?? 0).fill(clash), more: next_cursor !== null, next_cursor }),
    );
  });
  return asked;
}

async function look(steps: number) {
  const client = new QueryClient();
  const { pages } = await client.fetchInfiniteQuery({ ...clashesQuery, pages: steps });
  return pages.map(({ clashes, next }) => [clashes.length, next]);
}

test("clashes in late answers are found without a click", async () => {
  const asked = serve(7, { 6: 1 });
  expect(await look(1)).toEqual([[1, null]]);
  expect(asked).toEqual([null, "1", "2", "3", "4", "5", "6"]);
});

test("the page asks in steps with an end, and goes on where the last one ended", async () => {
  const asked = serve(1_000, { 60: 1 });
  expect(await look(1)).toEqual([[0, "50"]]);
  expect(asked).toHaveLength(50);
  expect(await look(2)).toEqual([
    [0, "50"],
    [1, "100"],
  ]);
});

test("a step ends with a hundred clashes", async () => {
  serve(1_000, { 0: 60, 1: 60, 2: 60 });
  expect(await look(1)).toEqual([[120, "2"]]);
});
