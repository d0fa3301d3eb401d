import { IconHourglassEmpty } from "@tabler/icons-react";
import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";
import { refusalOf, type ClaimAction } from "./context";

const WaitDialog = lazyDialog(() => import("../dialogs/WaitDialog"));

export const wait: ClaimAction = {
  name: "wait",
  label: "Wait for it…",
  Icon: IconHourglassEmpty,
  keys: ["w"],
  refusal: (claim, { me }) => {
    if (claim.holder === me) return undefined;
    // Who waits already may not wait twice, but may look at the line and leave it.
    return claim.waiting ? null : refusalOf(claim, "wait");
  },
  run: (claim) => show(<WaitDialog claim={claim} />),
};
