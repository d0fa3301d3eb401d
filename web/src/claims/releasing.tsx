import { api } from "../api/client";
import { Problem } from "../api/problem";
import { queryClient } from "../api/queries";
import type { Claim } from "../api/types";
import { lazyDialog } from "../overlays/lazyDialog";
import { show } from "../overlays/overlays";
import { shownName } from "../things/registry";
import { doLater } from "../ui/later";
import { putBack, withoutFences } from "./patch";
import { claimsQuery, leaving } from "./queries";
import { release } from "./requests";

const ReleaseDialog = lazyDialog(() => import("./dialogs/ReleaseDialog"));

/**
 * Give a claim back, in a moment: it leaves the page at once, and the server hears of it when it can no longer be
 * undone. Where somebody waits, the next in line has it the moment it is free, so the person is asked instead.
 */
export function releaseSoon(claim: Claim, send = () => release([claim]), done = "Released"): void {
  if (claim.queue > 0) {
    show(<ReleaseDialog claims={[claim]} send={send} />);
    return;
  }
  leaving.add(claim.fence);
  queryClient.setQueryData(claimsQuery.queryKey, (now) => now && withoutFences(now, new Set([claim.fence])));
  doLater(
    `${done} ${shownName(claim.kind, claim.label)}`,
    () => send().finally(() => leaving.delete(claim.fence)),
    () => {
      leaving.delete(claim.fence);
      queryClient.setQueryData(claimsQuery.queryKey, (now) => now && putBack(now, claim));
      void lookAgain(claim.fence);
    },
  );
}

/** What happened to it meanwhile: it may have ended, or somebody may wait. */
async function lookAgain(fence: number): Promise<void> {
  try {
    const claim = await api<Claim>(`claims/${fence}`);
    queryClient.setQueryData(claimsQuery.queryKey, (now) => now && putBack(now, claim));
  } catch (error) {
    if (!(error instanceof Problem) || error.status < 400 || error.status >= 500) return;
    queryClient.setQueryData(claimsQuery.queryKey, (now) => now && withoutFences(now, new Set([fence])));
  }
}
