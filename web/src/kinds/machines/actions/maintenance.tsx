import { IconTool } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { complain, say } from "../../../ui/toast";
import { ReasonDialog } from "../dialogs/ReasonDialog";
import { setMaintenance } from "../requests";
import type { MachineAction } from "./context";

/** A machine that is held or in quarantine shows that state first, and may be in maintenance beside it. */
export const maintenance: MachineAction = {
  name: "maintenance",
  label: ({ maintenance: on }) => (on ? "End maintenance" : "Begin maintenance…"),
  shortcut: "Begin or end maintenance",
  Icon: IconTool,
  keys: ["m"],
  refusal: (_machine, { admin }) => (admin ? null : undefined),
  run: ({ name, maintenance: on }) => {
    if (on) {
      setMaintenance(name, false, null).then(() => say(`Maintenance of ${name} has ended`), complain);
      return;
    }
    show(
      <ReasonDialog
        title={`Maintenance of ${name}`}
        note="Nobody new gets it. Whoever has it keeps it until the end."
        placeholder="New disk"
        submit="Begin maintenance"
        onSubmit={async (reason) => {
          await setMaintenance(name, true, reason || null);
          return `${name} is in maintenance`;
        }}
      />,
    );
  },
};
