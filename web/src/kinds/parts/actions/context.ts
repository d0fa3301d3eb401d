import { Problem } from "../../../api/problem";
import type { Action } from "../../../ui/action";
import { complain, say } from "../../../ui/toast";
import { arrived } from "../requests";
import type { Part, ShopSettings } from "../types";

/** What the actions on parts need to know beside the part. */
export interface PartContext {
  me: string;
  isAdmin: boolean;
  /** Missing until it is read: then the server has the last word. */
  shop: ShopSettings | undefined;
  go: (to: string) => void;
}

export type PartAction = Action<Part, PartContext>;

export const LOOK_ONLY = "You may look at this project's parts, not change them.";

/** Whether the person runs the project that the part is of. */
export function manages({ isAdmin, shop }: Pick<PartContext, "isAdmin" | "shop">): boolean {
  return isAdmin || shop?.role === "admin" || shop?.role === "owner";
}

/** Null when the person may change parts here. */
export function writeRefusal({ isAdmin, shop }: PartContext): string | null {
  return !isAdmin && shop?.role === "viewer" ? LOOK_ONLY : null;
}

export function isMine(part: Part, { me }: Pick<PartContext, "me">): boolean {
  return part.claim?.holder === me;
}

/** Who has it, as people say it: with the shop's shared key that is a name, not an account. */
export function holderOf(part: Part): string | null {
  return part.assigned ?? part.claim?.holder ?? null;
}

/** It is on one of the boards where parts are made. */
export function isOpen(part: Part): boolean {
  return part.category === "cnc" || part.category === "hand" || part.category === "misc";
}

/** Do it, and say so; or say why not, with the part as it is now. */
export async function act(request: Promise<Part>, done: string | ((part: Part) => string)): Promise<void> {
  try {
    const part = await request;
    say(typeof done === "string" ? done : done(part));
  } catch (error) {
    refused(error);
  }
}

/** A refusal because the part has changed brings it as it is now. */
export function refused(error: unknown): void {
  takeNews(error);
  complain(error);
}

export function takeNews(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== "part_changed") return;
  const { part } = (error.details ?? {}) as { part?: Part };
  if (part) arrived(part);
}
