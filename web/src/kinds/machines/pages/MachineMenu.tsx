import { Menu } from "@mantine/core";
import type { Machine } from "../../../api/types";
import { ActionItems, ActionMenu } from "../../../ui/ActionMenu";
import { usePoolContext } from "../actions/context";
import { adminActions, machineActions } from "../actions/machines";

/** Everything that can be done with a machine. */
export function MachineMenu({ machine }: { machine: Machine }) {
  return (
    <ActionMenu of={machine.name} width={280}>
      {(onChosen) => <Items machine={machine} onChosen={onChosen} />}
    </ActionMenu>
  );
}

/** As a function, for tables: one that stays the same lets rows be drawn once. */
export function machineMenu(machine: Machine) {
  return <MachineMenu machine={machine} />;
}

function Items({ machine, onChosen }: { machine: Machine; onChosen: () => void }) {
  const context = usePoolContext();
  return (
    <>
      <ActionItems actions={machineActions} subject={machine} context={context} onChosen={onChosen} />
      {context.admin && <Menu.Divider />}
      <ActionItems actions={adminActions} subject={machine} context={context} onChosen={onChosen} />
    </>
  );
}
