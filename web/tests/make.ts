import "../src/kinds";
import { guessedRights } from "../src/claims/guess";
import type { Claim, LogEvent } from "../src/api/types";

let next = 100;

/** A claim as "me" sees it, who has no rights over others; say what matters. */
export function aClaim(fields: Partial<Claim> = {}): Claim {
  const fence = fields.fence ?? next++;
  const key = fields.key ?? `Content/File${fence}.uasset`;
  return {
    id: String(fence),
    fence,
    kind: "asset",
    scope: "project:default",
    key,
    label: key,
    holder: "ann",
    holder_uuid: "",
    holder_disabled: false,
    branch: "main",
    comment: null,
    acquired_at: "2026-11-20T10:00:00+00:00",
    renewed_at: "2026-11-20T10:00:00+00:00",
    expires_at: null,
    queue: 0,
    waiting: false,
    data: {},
    url: `/assets?q=${key}`,
    ...guessedRights(
      { holder: fields.holder ?? "ann", scope: fields.scope ?? "project:default" },
      { username: "me", isAdmin: false, adminScopes: new Set(), viewedScopes: new Set(), mail: true },
    ),
    ...fields,
  };
}

/** An event about `claim`, or about whatever `fields` say. */
export function anEvent(verb: string, fields: Partial<LogEvent> = {}, claim?: Claim): LogEvent {
  const seq = fields.seq ?? next++;
  return {
    seq,
    at: "2026-11-20T11:00:00+00:00",
    actor: "ann",
    verb,
    kind: claim?.kind ?? "asset",
    scope: claim?.scope ?? "project:default",
    key: claim?.key ?? "Content/New.uasset",
    ...fields,
    data: { ...(claim ? { holder: claim.holder, fence: claim.fence } : {}), ...fields.data },
  };
}
