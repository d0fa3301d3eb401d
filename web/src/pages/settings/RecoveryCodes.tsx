import { Button, Group } from "@mantine/core";
import { CopyButton } from "../../ui/CopyLine";
import classes from "./Settings.module.css";

/** Shown once: the server keeps only hashes of them. */
export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  return (
    <div className={classes.form} role="status">
      <p className={classes.step}>
        Keep these recovery codes in a safe place. Each signs you in once when you do not have the app. They are not
        shown again.
      </p>
      <ol className={classes.codes}>
        {codes.map((code) => (
          <li key={code} className="mono">
            {code}
          </li>
        ))}
      </ol>
      <Group gap="xs">
        <Button onClick={onDone}>I have kept them</Button>
        <CopyButton text={codes.join("\n")} label="Copy all" />
      </Group>
    </div>
  );
}
