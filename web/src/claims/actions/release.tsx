import { IconLockOpen } from "@tabler/icons-react";
import type { Claim } from "../../api/types";
import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";
import { releaseSoon } from "../releasing";
import { refusalOf, type ClaimAction } from "./context";

const ReleaseDialog = lazyDialog(() => import("../dialogs/ReleaseDialog"));

export const release: ClaimAction = {
  name: "release",
  label: "Release",
  Icon: IconLockOpen,
  keys: ["r"],
  main: true,
  refusal: (claim) => refusalOf(claim, "release"),
  run: (claim) => releaseSoon(claim),
  bulk: {
    label: "Release",
    refusal: (claims, { me }) => bulkRefusal(claims, me),
    run: (claims) => show(<ReleaseDialog claims={[...claims]} />),
  },
};

/** Why a selection cannot be released in one go; null when it can. */
function bulkRefusal(claims: readonly Claim[], me: string): string | null {
  const others = claims.filter((claim) => !claim.can.release);
  if (others.length === 0) return null;
  const names = [...new Set(others.map((claim) => claim.holder))].filter((name) => name !== me);
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? "…" : "");
  return `${others.length} of ${claims.length} ${others.length === 1 ? "is" : "are"} held by ${shown || "others"}.`;
}
