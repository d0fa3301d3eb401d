import { Radio, Stack, Textarea } from "@mantine/core";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { done, recheck } from "../requests";
import type { Part } from "../types";
import { titleOf } from "../words";
import { Subject } from "./Subject";

/** A newer revision has come since the holder took the part: which of the two was made? */
export default function OverrideDialog({ part, mine }: { part: Part; mine: boolean }) {
  const [made, setMade] = useState(mine ? "new" : "old");
  const [reason, setReason] = useState("");
  const old = made === "old";
  return (
    <FormDialog
      title="There is a newer revision"
      submit="Done"
      blocked={old && !reason.trim() ? "Say why the earlier revision will do." : null}
      onSubmit={async () => {
        if (!old) await recheck(part);
        await done(part, old ? { reason: reason.trim() } : undefined);
        return `${titleOf(part)}: done`;
      }}
    >
      <Subject part={part} />
      <Radio.Group
        label={`It was taken with revision ${part.claim?.revision ?? "none"}; the newest is ${part.revision}.`}
        value={made}
        onChange={setMade}
      >
        <Stack gap={8} mt={8}>
          <Radio value="new" disabled={!mine} label="I have looked at the new revision, and this is how it was made" />
          <Radio value="old" label="It was made to the earlier revision, and that will do" />
        </Stack>
      </Radio.Group>
      {old && (
        <Textarea
          label="Why"
          required
          value={reason}
          maxLength={500}
          autosize
          minRows={2}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      )}
    </FormDialog>
  );
}
