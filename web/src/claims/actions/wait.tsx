import { IconHourglassEmpty } from "@tabler/icons-react";
import { lazyDialog, show } from "../../overlays/overlays";
import { refusalOf, type ClaimAction } from "./context";

const WaitDialog = lazyDialog(() => import("../dialogs/WaitDialog"));

export const wait: ClaimAction = {
  name: "wait",
  label: "Wait for it…",
  Icon: IconHourglassEmpty,
  keys: ["w"],
  refusal: (claim, { me }) => {
    if (claim.holder === me) return undefined;
    return claim.can.wait === undefined ? null : refusalOf(claim, "wait", me);
  },
  run: (claim) => show(<WaitDialog claim={claim} />),
};
