import { IconHistory } from "@tabler/icons-react";
import { kindOf } from "../../things/registry";
import type { ClaimAction } from "./context";

export const details: ClaimAction = {
  name: "details",
  label: "Details and history",
  Icon: IconHistory,
  refusal: () => null,
  run: (claim, { go }) => go(kindOf(claim.kind).link(claim)),
};
