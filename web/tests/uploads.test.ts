import { describe, expect, test } from "vitest";
import { Problem } from "../src/api/problem";
import { Meter, timeLeft } from "../src/kinds/documents/uploads/meter";
import { UploadQueue, type Handlers, type Wanted } from "../src/kinds/documents/uploads/queue";

function aFile(name: string, size = 100): Wanted {
  return { file: { name, size, lastModified: 1 } as File, place: { bucket: "users", id: "me", path: name } };
}

/** A network that does what the test says. */
function network() {
  const lines = new Map<string, { handlers: Handlers; log: string[] }>();
  let now = 0;
  const queue = new UploadQueue(
    async (wanted, handlers) => {
      const line = { handlers, log: [] as string[] };
      lines.set(wanted.place.path, line);
      return {
        start: () => void line.log.push("start"),
        pause: async () => void line.log.push("pause"),
        cancel: async () => void line.log.push("cancel"),
      };
    },
    undefined,
    () => now,
  );
  const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
  return {
    queue,
    settle,
    line: (name: string) => lines.get(name)!,
    pass: (ms: number) => (now += ms),
    states: () => queue.list().map(({ place, state }) => `${place.path} ${state}`),
    id: (name: string) => queue.list().find((upload) => upload.place.path === name)!.id,
  };
}

describe("the queue", () => {
  test("sends three at once, the next when one is done", async () => {
    const { queue, line, states, settle } = network();
    queue.add(["a", "b", "c", "d"].map((name) => aFile(name)));
    await settle();
    expect(states()).toEqual(["a sending", "b sending", "c sending", "d waiting"]);
    line("b").handlers.onDone({ fileId: "f", version: 1 });
    await settle();
    expect(states()).toEqual(["a sending", "b done", "c sending", "d sending"]);
    expect(line("d").log).toEqual(["start"]);
    expect(queue.busy).toBe(true);
  });

  test("what is paused lets another go, and goes on where it was", async () => {
    const { queue, line, states, settle, id } = network();
    queue.add(["a", "b", "c", "d"].map((name) => aFile(name)));
    await settle();
    line("a").handlers.onProgress(40);
    queue.pause(id("a"));
    await settle();
    expect(line("a").log).toEqual(["start", "pause"]);
    expect(states()[3]).toBe("d sending");
    line("a").handlers.onProgress(60); // a late word of the stopped request
    expect(queue.list()[0]).toMatchObject({ state: "paused", sent: 40 });
    queue.resume(id("a"));
    expect(states()[0]).toBe("a waiting");
    line("b").handlers.onDone({ fileId: null, version: null });
    await settle();
    expect(line("a").log).toEqual(["start", "pause", "start"]);
  });

  test("a failure says why and can be tried again", async () => {
    const { queue, line, settle, id } = network();
    queue.add([aFile("a")]);
    await settle();
    line("a").handlers.onRetry(null);
    expect(queue.list()[0]!.state).toBe("retrying");
    line("a").handlers.onFailed(new Problem(409, "file_locked", "a is locked by ben."));
    expect(queue.list()[0]).toMatchObject({ state: "failed", error: { code: "file_locked" } });
    expect(queue.busy).toBe(false);
    queue.resume(id("a"));
    await settle();
    expect(queue.list()[0]).toMatchObject({ state: "sending", error: null });
  });

  test("cancelling tells the server and forgets; clearing keeps what is not done", async () => {
    const { queue, line, states, settle, id } = network();
    queue.add(["a", "b"].map((name) => aFile(name)));
    await settle();
    queue.cancel(id("a"));
    await settle();
    expect(line("a").log).toEqual(["start", "cancel"]);
    line("a").handlers.onDone({ fileId: "late", version: 1 });
    expect(states()).toEqual(["b sending"]);
    line("b").handlers.onDone({ fileId: "f", version: 1 });
    queue.clear();
    expect(states()).toEqual([]);
  });

  test("a sender that cannot be had fails the upload, and it may be had later", async () => {
    let broken = true;
    const queue = new UploadQueue(async () => {
      if (broken) throw new Error("no script");
      return { start: () => undefined, pause: async () => undefined, cancel: async () => undefined };
    });
    queue.add([aFile("a")]);
    await new Promise((done) => setTimeout(done));
    expect(queue.list()[0]!.state).toBe("failed");
    broken = false;
    queue.resume(queue.list()[0]!.id);
    await new Promise((done) => setTimeout(done));
    expect(queue.list()[0]!.state).toBe("sending");
  });

  test("speed is measured from where an upload goes on", async () => {
    const { queue, line, settle, pass } = network();
    queue.add([aFile("a", 10_000)]);
    await settle();
    pass(1000);
    line("a").handlers.onProgress(2000);
    expect(queue.list()[0]!.perSecond).toBe(2000);
  });
});

describe("the meter", () => {
  test("follows changes smoothly", () => {
    const meter = new Meter(0);
    expect(meter.perSecond).toBeNull();
    meter.add(1000, 1000);
    expect(meter.perSecond).toBe(1000);
    meter.add(4000, 1000); // three seconds of nothing: half as fast
    expect(meter.perSecond).toBeCloseTo(500);
  });

  test("going back to an earlier offset is no negative speed", () => {
    const meter = new Meter(0);
    meter.add(1000, 1000);
    meter.add(2000, 400);
    meter.add(3000, 1400);
    expect(meter.perSecond).toBeGreaterThan(0);
  });

  test("time left in two units at most", () => {
    expect(timeLeft(1000, 100)).toBe("10 s");
    expect(timeLeft(61_000, 100)).toBe("11 min");
    expect(timeLeft(3_600_000 * 1.5, 1000)).toBe("1 h 30 min");
    expect(timeLeft(1000, null)).toBeNull();
    expect(timeLeft(1000, 0)).toBeNull();
  });
});
