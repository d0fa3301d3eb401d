import type { Claim } from "../../api/types";
import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";

const LockDialog = lazyDialog(() => import("./LockDialog"));
const NotifyDialog = lazyDialog(() => import("./NotifyDialog"));

/** Ask for what is needed to lock a path; what is known already stands there. */
export function askToLock(known: { path?: string; project?: string } = {}): void {
  show(<LockDialog {...known} />);
}

/** Ask what the mail to the holder is to say. */
export function askToNotify(claim: Claim): void {
  show(<NotifyDialog claim={claim} />);
}
