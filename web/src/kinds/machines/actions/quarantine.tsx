import { IconShieldHalf } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { complain, say } from "../../../ui/toast";
import { ReasonDialog } from "../dialogs/ReasonDialog";
import { setQuarantine } from "../requests";
import type { MachineAction } from "./context";

export const quarantine: MachineAction = {
  name: "quarantine",
  label: ({ state }) => (state === "quarantined" ? "Return it to the pool" : "Quarantine…"),
  Icon: IconShieldHalf,
  refusal: (_machine, { admin }) => (admin ? null : undefined),
  run: ({ name, state }) => {
    if (state === "quarantined") {
      setQuarantine(name, false, null).then(() => say(`${name} is back in the pool`), complain);
      return;
    }
    show(
      <ReasonDialog
        title={`Quarantine ${name}`}
        note="It leaves the pool until an administrator returns it."
        placeholder="Its disk reports errors"
        submit="Quarantine"
        danger
        onSubmit={async (reason) => {
          await setQuarantine(name, true, reason || null);
          return `${name} is in quarantine`;
        }}
      />,
    );
  },
};
