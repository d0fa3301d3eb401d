import { api } from "../../api/client";
import { DEFAULT_PROJECT, projectOf } from "../../api/scope";
import type { Claim } from "../../api/types";
import { groupBy } from "../../claims/board";
import { endOneByOne, gone } from "../../claims/requests";
import { doAllNow } from "../../ui/later";

/** Several at once are all or nothing within a project; projects go one after the other. */
export async function releaseLocks(claims: readonly Claim[], reason: string | null): Promise<void> {
  if (claims.length === 1) return endOneByOne(claims, reason);
  for (const [scope, group] of groupBy(claims, (claim) => claim.scope)) {
    const paths = group.map((claim) => claim.key);
    const project = projectOf(scope) ?? DEFAULT_PROJECT;
    await (reason === null
      ? api("locks/bulk", { method: "POST", json: { action: "release", paths, project } })
      : api("locks/force-release", { method: "POST", json: { paths, project, reason } }));
    gone(group);
  }
}

/** Ask the server to mail the holder; returns what it says it has done. */
export async function notifyHolder(claim: Claim, message: string): Promise<string> {
  const { msg } = await api<{ msg: string }>(`locks/path/${encodeURIComponent(claim.key)}/notify`, {
    method: "POST",
    json: { ...(message ? { message } : {}), project: projectOf(claim.scope) ?? DEFAULT_PROJECT },
  });
  return msg;
}

export interface LockRequest {
  path: string;
  project: string;
  branch: string;
  comment: string;
  expiresAt: string | null;
}

export async function lock(request: LockRequest): Promise<void> {
  await doAllNow(); // it may be what was released a moment ago
  await api("locks", {
    method: "POST",
    json: {
      asset_path: request.path,
      project: request.project,
      branch: request.branch,
      comment: request.comment || null,
      ...(request.expiresAt ? { expires_at: request.expiresAt } : {}),
    },
  });
}
