// @vitest-environment jsdom
import { notifications, notificationsStore } from "@mantine/notifications";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { doAllNow, doLater, UNDO_MS } from "../src/ui/later";

let done: string[] = [];

const later = (name: string, send = async (): Promise<void> => void done.push(`sent ${name}`)): void =>
  doLater(name, send, () => void done.push(`back ${name}`));

/** What people are told now. */
const told = (): string[] => notificationsStore.getState().notifications.map((one) => String(one.message));

beforeEach(() => {
  vi.useFakeTimers();
  done = [];
});

afterEach(async () => {
  await doAllNow();
  notifications.clean();
  vi.useRealTimers();
});

test("it is done five seconds later, once", async () => {
  later("a");
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(done).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toEqual(["sent a"]);
  await doAllNow();
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(done).toEqual(["sent a"]);
});

test("several wait beside each other, and all are begun before the page is gone", () => {
  later("a");
  later("b");
  dispatchEvent(new Event("pagehide"));
  expect(done).toEqual(["sent a", "sent b"]);
});

test("one that fails is told, and what it hid is shown again; the others are done", async () => {
  later("a", () => Promise.reject(new Error("The server is away.")));
  later("b");
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(done.sort()).toEqual(["back a", "sent b"]);
  expect(told()).toContain("Not done: a. The server is away.");
});
