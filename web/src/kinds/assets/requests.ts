import { api } from "../../api/client";
import { DEFAULT_PROJECT, projectOf } from "../../api/scope";
import type { Claim } from "../../api/types";

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
