import { IconUpload } from "@tabler/icons-react";
import { askUpload } from "../dialogs";
import { writeRefusal, type PartAction } from "./context";

export const upload: PartAction = {
  name: "upload",
  label: "Upload STEP or PDF…",
  Icon: IconUpload,
  keys: ["U"],
  refusal: (_part, context) => writeRefusal(context),
  run: (part) => askUpload(part),
};
