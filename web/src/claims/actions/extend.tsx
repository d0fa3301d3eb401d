import { IconClockPlus } from "@tabler/icons-react";
import { lazyDialog } from "../../overlays/lazyDialog";
import { show } from "../../overlays/overlays";
import { refusalOf, type ClaimAction } from "./context";

const ExtendDialog = lazyDialog(() => import("../dialogs/ExtendDialog"));

export const extend: ClaimAction = {
  name: "extend",
  label: "Extend…",
  Icon: IconClockPlus,
  keys: ["e"],
  refusal: (claim, { me }) => (claim.holder === me ? refusalOf(claim, "renew") : undefined),
  run: (claim) => show(<ExtendDialog claim={claim} />),
};
