import { api } from "../../api/client";
import { queryClient } from "../../api/queries";
import { claimsQuery } from "../../claims/queries";
import type { Claim } from "../../api/types";
import { withoutFences } from "../../claims/patch";
import { doAllNow } from "../../ui/later";
import type { Place } from "./places";

// Each verb asks the server and then has what is on screen read again; the event that follows over the stream
// does the same for everybody else.

function placed(place: Place): Record<string, string> {
  return { bucket_type: place.bucket, bucket_id: place.id, logical_path: place.path };
}

async function reread(): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: ["documents"] });
}

async function send<T>(method: "POST" | "PATCH" | "DELETE", path: string, json: unknown): Promise<T> {
  const answer = await api<{ data: T }>(`storage/${path}`, { method, json, keepalive: path === "unlock" });
  await reread();
  return answer.data;
}

export const makeFolder = (place: Place): Promise<unknown> => send("POST", "folders", placed(place));

export const moveFile = (place: Place, target: string): Promise<unknown> =>
  send("POST", "move", { ...placed(place), target_path: target });

export const moveFolder = (place: Place, target: string): Promise<unknown> =>
  send("POST", "folders/move", { ...placed(place), target_path: target });

export const archive = (fileId: string): Promise<unknown> => send("DELETE", "delete", { file_id: fileId });

export const destroy = (fileId: string): Promise<unknown> =>
  send("DELETE", "delete", { file_id: fileId, physical: true });

/** Returns the ids of the files that went with it. */
export async function archiveFolder(place: Place): Promise<string[]> {
  return (await send<{ archived: string[] }>("DELETE", "folders", { ...placed(place), recursive: true })).archived;
}

export async function restore(fileIds: readonly string[]): Promise<void> {
  for (const fileId of fileIds) await api("storage/restore", { method: "POST", json: { file_id: fileId } });
  await reread();
}

export const describe = (fileId: string, description: string): Promise<unknown> =>
  send("PATCH", `metadata?file_id=${encodeURIComponent(fileId)}`, { description: description || null });

export interface LockWish {
  reason: string;
  type: string;
  /** Null for no end. */
  expiresAt: string | null;
}

export async function lockFile(fileId: string, { reason, type, expiresAt }: LockWish): Promise<void> {
  await doAllNow(); // it may be what was unlocked a moment ago
  await send("POST", "lock", {
    file_id: fileId,
    lock_type: type,
    ...(reason ? { reason } : {}),
    ...(expiresAt ? { expires_in: Math.max(1, Math.round((Date.parse(expiresAt) - Date.now()) / 1000)) } : {}),
  });
}

/** Through the documents' own door, so that the file's audit tells of it. */
export async function unlockFile(fileId: string, claim: Claim | null, force?: { reason: string }): Promise<void> {
  await send("POST", "unlock", { file_id: fileId, ...(force ? { force: true, reason: force.reason } : {}) });
  if (claim) {
    const gone = new Set([claim.fence]);
    queryClient.setQueryData(claimsQuery.queryKey, (now) => (now ? withoutFences(now, gone) : now));
  }
}

export const approve = (versionId: string, comment: string): Promise<unknown> =>
  send("POST", `versions/${versionId}/approve`, comment ? { comment } : {});

export const reject = (versionId: string, comment: string): Promise<unknown> =>
  send("POST", `versions/${versionId}/reject`, comment ? { comment } : {});

export const bringBack = (versionId: string): Promise<unknown> => send("POST", `versions/${versionId}/restore`, {});

/** Bytes that are a version of the file already, handed in for approval. */
export const submitAgain = (fileId: string, objectKey: string, changelog: string): Promise<unknown> =>
  send("POST", "versions/commit", { file_id: fileId, object_key: objectKey, changelog });
