import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LiveStream, type LiveState, type Source } from "../src/live/stream";
import type { LogEvent } from "../src/api/types";
import { anEvent } from "./make";

/** Stands in for the browser's EventSource and the server behind it. */
class FakeSource implements Source {
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  private listeners = new Map<string, (event: MessageEvent<string>) => void>();
  constructor(readonly after: number | null) {}
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
  }
  hello(seq: number): void {
    this.listeners.get("hello")?.(new MessageEvent("hello", { data: JSON.stringify({ seq }) }));
  }
  event(seq: number): void {
    this.listeners.get("event")?.(new MessageEvent("event", { data: JSON.stringify(anEvent("acquired", { seq })) }));
  }
  gap(archivedThrough: number): void {
    this.listeners.get("gap")?.(new MessageEvent("gap", { data: JSON.stringify({ archived_through: archivedThrough }) }));
  }
  end(reason: string): void {
    this.listeners.get("end")?.(new MessageEvent("end", { data: JSON.stringify({ reason }) }));
  }
  fail(): void {
    this.onerror?.(new Event("error"));
  }
}

let sources: FakeSource[];
let states: LiveState[];
let batches: number[][];
let over: boolean;
let restarts: number;

function start(after: number | null): LiveStream {
  const stream = new LiveStream(
    {
      open: (seq) => {
        const source = new FakeSource(seq);
        sources.push(source);
        return source;
      },
      onEvents: (events: LogEvent[]) => batches.push(events.map((event) => event.seq)),
      onState: (state) => states.push(state),
      onFailure: async () => over,
      onRestart: () => {
        restarts += 1;
      },
    },
    after,
  );
  stream.start();
  return stream;
}

beforeEach(() => {
  vi.useFakeTimers();
  sources = [];
  states = [];
  batches = [];
  over = false;
  restarts = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the live stream", () => {
  test("begins where the list ended, and hands on what comes together in one go", async () => {
    start(10);
    expect(sources[0]?.after).toBe(10);
    sources[0]!.hello(10);
    expect(states).toEqual(["live"]);
    sources[0]!.event(11);
    sources[0]!.event(12);
    await vi.advanceTimersByTimeAsync(200);
    expect(batches).toEqual([[11, 12]]);
  });

  test("after a loss says so, and goes on after the last event seen", async () => {
    start(10);
    sources[0]!.hello(10);
    sources[0]!.event(11);
    sources[0]!.fail();
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)).toBe("lost");
    expect(sources[0]!.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(sources[1]?.after).toBe(11);
    sources[1]!.hello(11);
    expect(states.at(-1)).toBe("live");
    sources[1]!.event(12);
    await vi.advanceTimersByTimeAsync(200);
    expect(batches.flat()).toEqual([11, 12]);
  });

  test("ended in favour of a newer stream, waits until somebody turns to it", async () => {
    const stream = start(10);
    sources[0]!.hello(10);
    sources[0]!.event(11);
    sources[0]!.end("too_many_streams");
    expect(batches).toEqual([[11]]);
    expect(states.at(-1)).toBe("paused");
    expect(sources[0]!.closed).toBe(true);
    sources[0]!.fail();
    stream.reconnect();
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(sources).toHaveLength(1);
    expect(stream.isPaused).toBe(true);
    stream.start();
    expect(sources[1]?.after).toBe(11);
    sources[1]!.hello(11);
    expect(states.at(-1)).toBe("live");
    expect(stream.isPaused).toBe(false);
  });

  test("an event that comes twice is handed on once", async () => {
    start(10);
    sources[0]!.hello(10);
    sources[0]!.event(11);
    sources[0]!.event(11);
    sources[0]!.event(9);
    await vi.advanceTimersByTimeAsync(200);
    expect(batches.flat()).toEqual([11]);
  });

  test("tries ever less often, and at most every 20 seconds", async () => {
    start(10);
    const opened: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const before = Date.now();
      sources.at(-1)!.fail();
      const count = sources.length;
      while (sources.length === count) await vi.advanceTimersByTimeAsync(100);
      opened.push(Date.now() - before);
    }
    expect(opened[0]).toBeLessThan(1000);
    expect(Math.max(...opened)).toBeLessThan(20_000);
    expect(opened.at(-1)).toBeGreaterThan(opened[0]!);
  });

  test("a session that is over is not knocked at again", async () => {
    start(10);
    over = true;
    sources[0]!.fail();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sources).toHaveLength(1);
  });

  test("what a dropped connection still delivers is ignored", async () => {
    const stream = start(10);
    const first = sources[0]!;
    first.hello(10);
    stream.reconnect();
    first.event(11);
    first.fail();
    await vi.advanceTimersByTimeAsync(200);
    expect(batches).toEqual([]);
    expect(states).not.toContain("lost");
  });

  test("a stopped stream is quiet, and starts again from where it was", async () => {
    const stream = start(null);
    sources[0]!.hello(40);
    sources[0]!.event(41);
    stream.stop();
    expect(batches).toEqual([[41]]);
    stream.start();
    expect(sources[1]?.after).toBe(41);
  });

  test("when older events were moved away, all is read afresh", async () => {
    start(5);
    sources[0]!.hello(5);
    sources[0]!.gap(900);
    expect(restarts).toBe(1);
    sources[0]!.event(901);
    await vi.advanceTimersByTimeAsync(200);
    expect(batches).toEqual([[901]]);
  });

  test("a log that has become shorter is another log", async () => {
    start(1000);
    sources[0]!.hello(3);
    expect(restarts).toBe(1);
    sources[0]!.event(4);
    await vi.advanceTimersByTimeAsync(200);
    expect(batches).toEqual([[4]]);
  });
});
