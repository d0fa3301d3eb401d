import type { Part } from "./types";

/** Its holder works to an earlier revision than the newest. */
export function isMadeToOld(part: Part): boolean {
  return part.claim?.recheck === true;
}
