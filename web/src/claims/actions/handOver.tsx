import { IconUserShare } from "@tabler/icons-react";
import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";
import { refusalOf, type ClaimAction } from "./context";

const HandOverDialog = lazyDialog(() => import("../dialogs/HandOverDialog"));

export const handOver: ClaimAction = {
  name: "hand-over",
  label: "Hand over…",
  Icon: IconUserShare,
  keys: ["t"],
  refusal: (claim) => refusalOf(claim, "transfer"),
  run: (claim) => show(<HandOverDialog claim={claim} />),
};
