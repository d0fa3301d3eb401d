import { QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { RereadingClient } from "../src/api/rereading";

/** A query that somebody looks at, whose reads are answered one after the other, by hand. */
function looked(client: RereadingClient) {
  const reads: ((value: string) => void)[] = [];
  const queryFn = (): Promise<string> => new Promise((answer) => reads.push(answer));
  const observer = new QueryObserver(client, { queryKey: ["feed"], queryFn, staleTime: 30_000 });
  observer.subscribe(() => undefined);
  return { reads, value: () => observer.getCurrentResult().data };
}

test("a change during the first read is read after it, once for all that happened meanwhile", async () => {
  const client = new RereadingClient();
  const { reads, value } = looked(client);
  const changes = [client.invalidateQueries({ queryKey: ["feed"] }), client.invalidateQueries()];
  expect(reads).toHaveLength(1);
  reads[0]!("before");
  await expect.poll(() => reads.length).toBe(2);
  reads[1]!("after");
  await Promise.all(changes);
  expect(value()).toBe("after");
  expect(reads).toHaveLength(2);
});

test("a first read that fails is read again as well", async () => {
  const client = new RereadingClient({ defaultOptions: { queries: { retry: false } } });
  let reads = 0;
  const observer = new QueryObserver(client, {
    queryKey: ["feed"],
    queryFn: () => (++reads === 1 ? Promise.reject(new Error("gone")) : Promise.resolve("after")),
  });
  observer.subscribe(() => undefined);
  await client.invalidateQueries();
  expect(observer.getCurrentResult().data).toBe("after");
});

test("what has been read is read again at once", async () => {
  const client = new RereadingClient();
  const { reads, value } = looked(client);
  reads[0]!("before");
  await expect.poll(value).toBe("before");
  const change = client.invalidateQueries();
  expect(reads).toHaveLength(2);
  reads[1]!("after");
  await change;
  expect(value()).toBe("after");
});
