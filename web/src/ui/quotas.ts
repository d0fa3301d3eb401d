import { sizeText } from "./bytes";

// How much an account stores, and may store, in words.

export type Family = "user" | "company" | "project";

interface Stored {
  account: string;
  name: string | null;
  used_bytes: number;
  allowed_bytes: number | null;
}

/** From this share of a quota on, its bar is red. */
export const NEARLY_FULL = 90;

export function familyOf({ account }: Stored): Family {
  return account.slice(0, account.indexOf(":")) as Family;
}

/** The owner's name; an owner that no longer exists is called by its id. */
export function ownerOf({ account, name }: Stored): string {
  return name ?? account.slice(account.indexOf(":") + 1);
}

/** "1.5 GB of 2 GB", "1.5 GB, no quota". */
export function quotaText({ used_bytes: used, allowed_bytes: allowed }: Stored): string {
  return allowed === null ? `${sizeText(used)}, no quota` : `${sizeText(used)} of ${sizeText(allowed)}`;
}

/** How much of the quota is used, in percent up to 100; 0 where there is none. */
export function shareOf({ used_bytes: used, allowed_bytes: allowed }: Stored): number {
  if (allowed === null) return 0;
  return allowed === 0 ? 100 : Math.min(100, (used / allowed) * 100);
}
