// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api, onSessionExpired, query } from "../src/api/client";
import { Problem } from "../src/api/problem";

type Answer = [status: number, body?: unknown];
let calls: string[];

function answers(...given: (Answer | Error)[]): void {
  calls = [];
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    calls.push(`${init?.method ?? "GET"} ${url}`);
    const next = given.shift() ?? [500];
    if (next instanceof Error) throw next;
    const [status, body] = next;
    return new Response(status === 204 ? null : typeof body === "string" ? body : JSON.stringify(body ?? {}), { status });
  });
}

beforeEach(() => onSessionExpired(null));
afterEach(() => vi.unstubAllGlobals());

describe("a session that has run out", () => {
  test("asks to sign in, then sends the call again: the form never notices", async () => {
    answers([401, { code: "unauthorized" }], [200, { msg: "done" }]);
    onSessionExpired(async () => true);
    await expect(api("locks", { method: "POST", json: { a: 1 } })).resolves.toEqual({ msg: "done" });
    expect(calls).toEqual(["POST /api/locks", "POST /api/locks"]);
  });

  test("fails with the refusal when the person does not sign in", async () => {
    answers([401, { code: "unauthorized", message: "Sign in first." }]);
    onSessionExpired(async () => false);
    await expect(api("locks")).rejects.toMatchObject({ status: 401, code: "unauthorized", message: "Sign in first." });
  });

  test("a wrong current password is not the end of the session", async () => {
    const ask = vi.fn(async () => true);
    onSessionExpired(ask);
    answers([401, { msg: "The current password is wrong." }], [200, { username: "ann" }]);
    const call = api("users/me/password", { method: "PUT", json: {}, checksPassword: true });
    await expect(call).rejects.toThrow("The current password is wrong.");
    expect(ask).not.toHaveBeenCalled();
  });

  test("but it is asked about where the session really is over", async () => {
    onSessionExpired(async () => true);
    answers([401], [401], [200, { msg: "changed" }]);
    const call = api("users/me/password", { method: "PUT", json: {}, checksPassword: true });
    await expect(call).resolves.toEqual({ msg: "changed" });
  });
});

describe("refusals", () => {
  test("say who holds the thing", async () => {
    const details = { holder: "ann", since: "2026-11-20T10:00:00+00:00", until: null, comment: null, fence: 5 };
    answers([409, { code: "already_locked", message: "ann holds it.", details }]);
    const problem = (await api("locks").catch((error: unknown) => error)) as Problem;
    expect(problem.heldBy).toEqual(details);
    expect(problem.code).toBe("already_locked");
  });

  test("list all conflicts of a bulk action", async () => {
    answers([409, { code: "already_locked", details: { conflicts: [{ asset_path: "a", holder: "ann" }] } }]);
    const problem = (await api("locks/bulk").catch((error: unknown) => error)) as Problem;
    expect(problem.conflicts).toHaveLength(1);
    expect(problem.heldBy).toBeNull();
  });

  test("are readable even when a proxy answers in HTML", async () => {
    answers([502, "<html>Bad gateway</html>"]);
    await expect(api("locks")).rejects.toMatchObject({ status: 502, code: "http_502", message: "The server answered 502." });
  });

  test("a server that cannot be reached is told apart", async () => {
    answers(new TypeError("Failed to fetch"));
    await expect(api("locks")).rejects.toMatchObject({ code: "unreachable", status: 0 });
  });

  test("no content is no content", async () => {
    answers([204]);
    await expect(api("session", { method: "DELETE" })).resolves.toBeUndefined();
  });
});

test("parameters without a value are left out", () => {
  expect(query({ a: "x y", b: null, c: undefined, d: "", e: 0, f: true, g: false })).toBe("?a=x+y&e=0&f=1");
  expect(query({})).toBe("");
});
