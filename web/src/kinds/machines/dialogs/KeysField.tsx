import { FileButton, Textarea } from "@mantine/core";
import { keysProblem } from "../ssh";
import classes from "./Dialogs.module.css";

interface Props {
  label: string;
  description?: string;
  value: string;
  autofocus?: boolean;
  onChange: (value: string) => void;
}

const FILE_BYTES = 20_000;

/** Public keys, pasted or read from a file of this computer. */
export function KeysField({ label, description, value, autofocus, onChange }: Props) {
  const add = async (file: File | null): Promise<void> => {
    if (!file || file.size > FILE_BYTES) return;
    const text = (await file.text()).trim();
    onChange(value.trim() ? `${value.trim()}\n${text}` : text);
  };
  return (
    <div className={classes.field}>
      <Textarea
        label={label}
        description={description ?? "One in each line, as in the file id_ed25519.pub."}
        placeholder="ssh-ed25519 AAAA… ana@laptop"
        data-autofocus={autofocus || undefined}
        value={value}
        error={value.trim() ? keysProblem(value) : null}
        maxLength={100_000}
        autosize
        minRows={2}
        maxRows={6}
        spellCheck={false}
        autoComplete="off"
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5, overflowWrap: "anywhere" } }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <FileButton accept=".pub,text/plain" onChange={(file) => void add(file)}>
        {(props) => (
          <button type="button" className={classes.textButton} {...props}>
            Read it from a file
          </button>
        )}
      </FileButton>
    </div>
  );
}
