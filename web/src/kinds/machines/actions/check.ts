import { IconStethoscope } from "@tabler/icons-react";
import { complain, say, warn } from "../../../ui/toast";
import { check as lookAt } from "../requests";
import type { MachineAction } from "./context";

export const check: MachineAction = {
  name: "check",
  label: "Check now",
  Icon: IconStethoscope,
  refusal: (_machine, { admin }) => (admin ? null : undefined),
  run: ({ name }) => {
    say(`Looking at ${name}`);
    lookAt(name).then(
      (machine) => (machine.online ? say(`${name} is well`) : warn(`${name}: ${machine.reason ?? "it does not answer"}`)),
      complain,
    );
  },
};
