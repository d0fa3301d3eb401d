// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import { document } from "../src/kinds/documents/kind";

afterEach(() => vi.unstubAllGlobals());

test("a search follows cursors to what it seeks, but not without end", async () => {
  const cursors: (string | null)[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    if (cursors.push(new URL(url, location.origin).searchParams.get("cursor")) > 30) throw new Error("without end");
    const answer = { files: [], buckets: [], warnings: ["partial_answer"], next_cursor: `c${cursors.length}` };
    return new Response(JSON.stringify(answer));
  });
  expect(await document.search?.("rare", new AbortController().signal)).toEqual([]);
  expect(cursors).toEqual([null, ...Array.from({ length: 19 }, (_, i) => `c${i + 1}`)]);
});
