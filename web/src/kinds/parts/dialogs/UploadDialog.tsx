import { Button, FileInput, Group, Progress, Stack, Textarea } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { hide } from "../../../overlays/overlays";
import { sizeText } from "../../../ui/bytes";
import { Dialog } from "../../../ui/Dialog";
import { FileName } from "../../../ui/FileName";
import { Refusal } from "../../../ui/Refusal";
import { say } from "../../../ui/toast";
import type { Part } from "../types";
import { ACCEPTED, fileProblem, uploadFile } from "../upload";
import classes from "./dialogs.module.css";
import { Subject } from "./Subject";

/** Sends files one after the other, and shows how far they are. */
export default function UploadDialog({ part, files }: { part: Part; files: readonly File[] }) {
  const [chosen, setChosen] = useState<File[]>(() => [...files]);
  const [note, setNote] = useState("");
  const [sending, setSending] = useState<{ file: File; sent: number } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const bad = chosen.map(fileProblem).find((one) => one !== null) ?? null;

  const send = async (): Promise<void> => {
    setError(null);
    abort.current = new AbortController();
    const left = [...chosen];
    try {
      for (const file of chosen) {
        setSending({ file, sent: 0 });
        await uploadFile(part, file, note.trim(), (sent) => setSending({ file, sent }), abort.current.signal);
        left.shift();
        setChosen([...left]);
      }
      say(chosen.length === 1 ? `Uploaded ${chosen[0]!.name}` : `Uploaded ${chosen.length} files`);
      hide();
    } catch (failure) {
      if (!abort.current.signal.aborted) setError(failure);
    } finally {
      setSending(null);
    }
  };
  const close = (): void => {
    abort.current?.abort();
    hide();
  };
  return (
    <Dialog onClose={close} title="Upload STEP or PDF">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen.length && !bad && !sending) void send();
        }}
      >
        <Stack gap="md">
          <Subject part={part} />
          <FileInput
            label="Files"
            placeholder="Choose a STEP model or a PDF drawing"
            description="A new STEP file is a new revision. Earlier ones are kept."
            leftSection={<IconUpload size={16} aria-hidden />}
            data-autofocus
            multiple
            accept={ACCEPTED}
            value={chosen}
            disabled={sending !== null}
            onChange={setChosen}
          />
          <Textarea
            label="What has changed"
            value={note}
            maxLength={500}
            autosize
            minRows={2}
            disabled={sending !== null}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {part.claim && (
            <p className={classes.note}>{part.assigned ?? part.claim.holder} has taken the part, and is told of a new model at once.</p>
          )}
          {sending && (
            <div className={classes.file} role="status">
              <div className={classes.fileHead}>
                <FileName name={sending.file.name} />
                <span className="tabular">
                  {sizeText(sending.sent)} of {sizeText(sending.file.size)}
                </span>
              </div>
              <Progress
                value={sending.file.size ? (sending.sent / sending.file.size) * 100 : 100}
                animated={sending.sent >= sending.file.size}
                aria-label={`Upload of ${sending.file.name}`}
              />
              {sending.sent >= sending.file.size && <span className={classes.note}>The server is looking at it…</span>}
            </div>
          )}
          <Refusal error={error} />
          <Group justify="flex-end" gap="xs">
            {bad && <span className={classes.note} style={{ flex: 1 }}>{bad}</span>}
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" data-answer loading={sending !== null} data-disabled={!chosen.length || bad ? true : undefined}>
              Upload
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
