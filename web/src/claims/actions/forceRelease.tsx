import { IconShieldX } from "@tabler/icons-react";
import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";
import { refusalOf, type ClaimAction } from "./context";

const ForceReleaseDialog = lazyDialog(() => import("../dialogs/ForceReleaseDialog"));

export const forceRelease: ClaimAction = {
  name: "force-release",
  label: "Force-release…",
  Icon: IconShieldX,
  keys: ["f"],
  danger: true,
  refusal: (claim, { me }) => (claim.holder === me ? undefined : refusalOf(claim, "force_release")),
  run: (claim) => show(<ForceReleaseDialog claims={[claim]} />),
  bulk: {
    label: "Force-release…",
    refusal: (claims) => {
      const refused = claims.find((claim) => !claim.can.force_release);
      return refused ? refusalOf(refused, "force_release") : null;
    },
    run: (claims) => show(<ForceReleaseDialog claims={[...claims]} />),
  },
};
