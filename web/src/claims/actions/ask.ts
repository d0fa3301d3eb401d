import { IconBellRinging } from "@tabler/icons-react";
import { kindOf } from "../../things/registry";
import { refusalOf, type ClaimAction } from "./context";

/** A mail to the holder, for kinds whose holders can be written to. */
export const ask: ClaimAction = {
  name: "ask",
  label: ({ holder }) => `Send ${holder} a mail…`,
  shortcut: "Send the holder a mail",
  Icon: IconBellRinging,
  keys: ["n"],
  refusal: (claim, { me }) =>
    claim.holder === me || !kindOf(claim.kind).askHolder ? undefined : refusalOf(claim, "ask"),
  run: (claim) => kindOf(claim.kind).askHolder?.(claim),
};
