import { Alert, Button, FileButton, Group, SegmentedControl, Stack, Textarea } from "@mantine/core";
import { IconDownload, IconFileUpload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { apiUrl } from "../../../api/base";
import type { ImportedMachines } from "../../../api/types";
import { hide } from "../../../overlays/overlays";
import { Dialog } from "../../../ui/Dialog";
import { Refusal } from "../../../ui/Refusal";
import { complain } from "../../../ui/toast";
import { importMachines } from "../requests";
import classes from "./Dialogs.module.css";

type Format = "yaml" | "csv";

const EXAMPLES: Record<Format, string> = {
  yaml: "machines:\n  - name: gpu-1\n    host: 10.0.0.7\n    port: 22\n    user: root\n    password: …\n    tags: [gpu, a100]",
  csv: "name,host,port,user,password,tags\ngpu-1,10.0.0.7,22,root,…,gpu a100",
};
const FILE_BYTES = 1_000_000;

/** Register many machines from a file, and have all of them in one. */
export function InventoryDialog() {
  const [format, setFormat] = useState<Format>("yaml");
  const [text, setText] = useState("");
  const send = useMutation({ mutationFn: () => importMachines(format, text) });
  const read = async (file: File | null): Promise<void> => {
    if (!file) return;
    if (file.size > FILE_BYTES) {
      complain(new Error("The file has more than 1 MB."));
      return;
    }
    if (/\.(csv|ya?ml)$/i.test(file.name)) setFormat(/\.csv$/i.test(file.name) ? "csv" : "yaml");
    setText(await file.text());
    send.reset();
  };
  return (
    <Dialog onClose={hide} title="Inventory" size="lg">
      <Stack gap="md">
        <div className={classes.field}>
          <span className={classes.label}>All machines, as a file</span>
          <Group gap="xs">
            {(["yaml", "csv"] as const).map((each) => (
              <Button
                key={each}
                component="a"
                href={apiUrl(`pool/inventory?format=${each}`)}
                download={`machines.${each}`}
                size="xs"
                variant="default"
                leftSection={<IconDownload size={15} />}
              >
                {each.toUpperCase()}
              </Button>
            ))}
            <span className={classes.quiet}>Passwords are not in it.</span>
          </Group>
        </div>
        <form
          className={classes.field}
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() && !send.isPending) send.mutate();
          }}
        >
          <Group gap="xs" justify="space-between">
            <span className={classes.label}>Register those in a file</span>
            <SegmentedControl
              size="xs"
              aria-label="Format"
              value={format}
              data={[
                { value: "yaml", label: "YAML" },
                { value: "csv", label: "CSV" },
              ]}
              onChange={(value) => setFormat(value as Format)}
            />
          </Group>
          <Textarea
            aria-label="Machines to register"
            placeholder={EXAMPLES[format]}
            data-autofocus
            spellCheck={false}
            value={text}
            maxLength={FILE_BYTES}
            autosize
            minRows={7}
            maxRows={14}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5, whiteSpace: "pre", overflowX: "auto" } }}
            onChange={(event) => {
              setText(event.currentTarget.value);
              send.reset();
            }}
          />
          <Refusal error={send.error} />
          {send.data && <Result imported={send.data} />}
          <Group gap="xs" justify="flex-end">
            <FileButton accept=".yaml,.yml,.csv,text/plain" onChange={(file) => void read(file)}>
              {(props) => (
                <Button {...props} variant="default" leftSection={<IconFileUpload size={16} />}>
                  Choose a file
                </Button>
              )}
            </FileButton>
            <Button type="submit" loading={send.isPending} disabled={!text.trim()}>
              Register them
            </Button>
          </Group>
        </form>
      </Stack>
    </Dialog>
  );
}

function Result({ imported }: { imported: ImportedMachines }) {
  const { added, existing, skipped } = imported;
  return (
    <Alert role="status" color={skipped.length ? "yellow" : "crib"} styles={{ message: { color: "var(--mantine-color-text)" } }}>
      <strong>{added.length === 1 ? "1 machine is new" : `${added.length} machines are new`}</strong>
      {existing.length > 0 && `, ${existing.length} were there already`}
      {skipped.length > 0 && (
        <>
          . Left out:
          <ul className={classes.skipped}>
            {skipped.map(({ entry, reason }, index) => (
              <li key={index}>
                <span className="mono">{entry}</span>: {reason}
              </li>
            ))}
          </ul>
        </>
      )}
    </Alert>
  );
}
