import type { Machine } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import type { PoolContext } from "../actions/context";
import { machineLink } from "../links";
import { removeMachine } from "../requests";

export function RemoveMachineDialog({ machine, context }: { machine: Machine; context: PoolContext }) {
  const { name } = machine;
  return (
    <FormDialog
      title={`Remove ${name}?`}
      submit="Remove it"
      danger
      onSubmit={async () => {
        await removeMachine(name);
        if (location.pathname.endsWith(machineLink(name))) context.go("/machines");
        return `${name} is out of the pool`;
      }}
    >
      <p style={{ margin: 0 }}>
        It leaves the pool with its password, its key and its history. Nothing is changed on the machine itself.
      </p>
    </FormDialog>
  );
}
