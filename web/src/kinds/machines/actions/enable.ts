import { IconPower } from "@tabler/icons-react";
import { complain, say, sayWithUndo } from "../../../ui/toast";
import { changeMachine } from "../requests";
import type { MachineAction } from "./context";

export const enable: MachineAction = {
  name: "enable",
  label: ({ enabled }) => (enabled ? "Disable" : "Enable"),
  Icon: IconPower,
  refusal: (_machine, { admin }) => (admin ? null : undefined),
  run: ({ name, enabled }) => {
    changeMachine(name, { enabled: !enabled }).then(
      () => sayWithUndo(`${enabled ? "Disabled" : "Enabled"} ${name}`, () => changeMachine(name, { enabled }).then(() => say(`${name} is as it was`))),
      complain,
    );
  },
};
