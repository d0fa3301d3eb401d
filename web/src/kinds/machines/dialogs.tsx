import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";

/** What is known of a reservation before the person is asked. */
export interface KnownWish {
  names?: string[];
  tags?: string;
  /** Stand in line where they are not free. */
  wait?: boolean;
  /** When it begins, in ISO notation; now if it is missing. */
  startsAt?: string;
  minutes?: number;
}

const ReserveDialog = lazyDialog(() => import("./dialogs/ReserveDialog"));

/** Ask which machines, for how long, and how to sign in. */
export function askToReserve(known: KnownWish = {}): void {
  show(<ReserveDialog {...known} />);
}
