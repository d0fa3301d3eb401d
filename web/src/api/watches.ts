import { api } from "./client";
import { queryClient, watchesQuery } from "./queries";
import type { Watch } from "./types";

function readAgain(): void {
  void queryClient.invalidateQueries({ queryKey: watchesQuery.queryKey });
}

/** Be mailed when somebody takes `path` or a thing below it; an empty path is all of `scope`. */
export async function startWatch(kind: string, scope: string, path: string): Promise<Watch> {
  const watch = await api<Watch>("watches", { method: "POST", json: { kind, scope, path } });
  readAgain();
  return watch;
}

export async function endWatch(id: number): Promise<void> {
  await api(`watches/${id}`, { method: "DELETE" });
  readAgain();
}
