import { IconCheck } from "@tabler/icons-react";
import { complain, say } from "../../../ui/toast";
import { confirm as send } from "../requests";
import type { ReservationAction } from "./context";

/** A booking that has begun ends if nobody says that they use it. */
export const confirm: ReservationAction = {
  name: "confirm",
  label: "I use it",
  Icon: IconCheck,
  main: true,
  refusal: ({ confirm_by: by, holder }, { me }) => (holder === me && by !== null ? null : undefined),
  run: ({ id }) => {
    send(id).then(() => say("It stays yours until its end"), complain);
  },
};
