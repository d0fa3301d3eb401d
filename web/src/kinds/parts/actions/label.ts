import { IconQrcode } from "@tabler/icons-react";
import type { PartAction } from "./context";

export const label: PartAction = {
  name: "label",
  label: "Print a label",
  Icon: IconQrcode,
  keys: ["l"],
  refusal: () => null,
  run: (part, { go }) => go(`/parts/label?ids=${part.id}`),
};
