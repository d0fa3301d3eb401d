import { IconLockOpen } from "@tabler/icons-react";
import type { Claim } from "../../api/types";
import { lazyDialog, show } from "../../overlays/overlays";
import { shownName } from "../../things/registry";
import { complain, say } from "../../ui/toast";
import { release as releaseClaims } from "../requests";
import { refusalOf, type ClaimAction } from "./context";

const ReleaseDialog = lazyDialog(() => import("../dialogs/ReleaseDialog"));

export const release: ClaimAction = {
  name: "release",
  label: "Release",
  Icon: IconLockOpen,
  keys: ["r"],
  main: true,
  refusal: (claim) => refusalOf(claim, "release"),
  run: (claim) => void releaseNow(claim),
  bulk: {
    label: "Release",
    refusal: (claims, { me }) => bulkRefusal(claims, me),
    run: (claims) => show(<ReleaseDialog claims={[...claims]} />),
  },
};

async function releaseNow(claim: Claim): Promise<void> {
  try {
    await releaseClaims([claim]);
    say(`Released ${shownName(claim.kind, claim.label)}`);
  } catch (error) {
    complain(error);
  }
}

/** Why a selection cannot be released in one go; null when it can. */
function bulkRefusal(claims: readonly Claim[], me: string): string | null {
  const others = claims.filter((claim) => !claim.can.release);
  if (others.length === 0) return null;
  const names = [...new Set(others.map((claim) => claim.holder))].filter((name) => name !== me);
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? "…" : "");
  return `${others.length} of ${claims.length} ${others.length === 1 ? "is" : "are"} held by ${shown || "others"}.`;
}
