import type { Machine } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { CopyLine } from "../../../ui/CopyLine";
import { acceptHostKey } from "../requests";
import classes from "./Dialogs.module.css";

/** Both keys, to compare with the machine itself. */
export function AcceptKeyDialog({ machine }: { machine: Machine }) {
  const { name, host_key: pinned, offered_host_key: offered } = machine;
  return (
    <FormDialog
      title={`The host key of ${name} has changed`}
      submit="Accept the new key"
      danger
      onSubmit={async () => {
        await acceptHostKey(name, offered ?? "");
        return `The new key of ${name} is pinned`;
      }}
    >
      <p style={{ margin: 0 }}>
        A machine that was installed anew has a new key. So has one that somebody put in its place: compare with the machine
        itself before accepting it.
      </p>
      <div className={classes.field}>
        <span className={classes.label}>Pinned until now</span>
        <CopyLine>{pinned ?? "none"}</CopyLine>
      </div>
      <div className={classes.field}>
        <span className={classes.label}>What answers now</span>
        <CopyLine>{offered ?? "none"}</CopyLine>
      </div>
    </FormDialog>
  );
}
