import { useMemo } from "react";
import { queryClient } from "../../../api/queries";
import type { DocumentFile } from "../../../api/types";
import { api } from "../../../api/client";
import type { HoldOf } from "../hold";
import type { Row } from "../rows";
import { restore } from "../requests";
import { complain, say, sayWithUndo } from "../../../ui/toast";
import type { Ask } from "./ask";
import { unlockNow } from "./LockCard";

export type RowVerb = "version" | "submit" | "lock" | "unlock" | "move" | "delete";

export interface RowVerbs {
  /** Why the server would refuse; null when it would not; undefined where the verb makes no sense. */
  reason: (verb: RowVerb, row: Row) => string | null | undefined;
  run: (verb: RowVerb, row: Row) => void;
  byKey: (key: string, row: Row) => boolean;
}

/** The letters that work on a focused row. */
const KEYS: Record<string, RowVerb> = {
  v: "version",
  l: "lock",
  r: "unlock",
  m: "move",
  F2: "move",
  Delete: "delete",
};

const RIGHTS: Record<RowVerb, string> = {
  version: "write",
  submit: "write",
  lock: "lock",
  unlock: "lock",
  move: "write",
  delete: "delete",
};

interface Circumstances {
  can: readonly string[];
  me: string;
  holdOf: HoldOf;
  onAsk: (ask: Ask) => void;
}

export function useRowVerbs({ can, me, holdOf, onAsk }: Circumstances): RowVerbs {
  return useMemo(() => {
    const reason = (verb: RowVerb, row: Row): string | null | undefined => {
      if (row.type === "folder") {
        if (verb !== "move" && verb !== "delete") return undefined;
      } else if (verb === "submit" && row.file.bucket_type === "users") return undefined;
      const hold = row.type === "file" ? holdOf(row.file) : null;
      if (verb === "lock" && hold) return undefined;
      if (verb === "unlock" && hold?.holder !== me) return undefined;
      if (!can.includes(RIGHTS[verb])) return "You may look here, not change.";
      return hold && hold.holder !== me ? `${hold.holder} holds it.` : null;
    };
    const run = (verb: RowVerb, row: Row): void => {
      if (verb === "move") onAsk({ name: "move", rows: [row] });
      else if (row.type === "folder") onAsk({ name: "remove-folder", row });
      else if (verb === "delete") void deleteNow([row.file]);
      else if (verb === "unlock") void unlockNow(row.file, holdOf(row.file));
      else if (verb === "lock") onAsk({ name: "lock", file: row.file });
      else onAsk({ name: "version", file: row.file, submit: verb === "submit" });
    };
    const byKey = (key: string, row: Row): boolean => {
      const verb = KEYS[key];
      const refused = verb && reason(verb, row);
      if (!verb || refused === undefined) return false;
      if (refused) complain(new Error(refused));
      else run(verb, row);
      return true;
    };
    return { reason, run, byKey };
  }, [can, me, holdOf, onAsk]);
}

/** Deletes at once, with a way back: that is quicker than a question, and as safe. */
export async function deleteNow(files: readonly DocumentFile[]): Promise<void> {
  const gone: string[] = [];
  try {
    for (const file of files) {
      await api("storage/delete", { method: "DELETE", json: { file_id: file.id } });
      gone.push(file.id);
    }
  } catch (error) {
    complain(error);
  }
  await queryClient.invalidateQueries({ queryKey: ["documents"] });
  if (gone.length === 0) return;
  sayWithUndo(gone.length === 1 ? `Deleted ${files[0]!.name}` : `Deleted ${gone.length} files`, async () => {
    await restore(gone);
    say(gone.length === 1 ? `${files[0]!.name} is back` : `${gone.length} files are back`);
  });
}
