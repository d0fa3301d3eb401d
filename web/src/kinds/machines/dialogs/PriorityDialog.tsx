import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Reservation } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { setPriority } from "../requests";

export function PriorityDialog({ reservation }: { reservation: Reservation }) {
  const { holder, id, queue } = reservation;
  const [priority, setNumber] = useState(String(queue?.priority ?? 0));
  const [reason, setReason] = useState("");
  const number = /^-?\d{1,3}$/.test(priority.trim()) ? Number(priority) : NaN;
  return (
    <FormDialog
      title={`Priority of ${holder}`}
      submit="Set it"
      blocked={!(Math.abs(number) <= 100) ? "A priority is a number from -100 to 100." : reason.trim() ? null : "Say why: it is kept in the log."}
      onSubmit={async () => {
        await setPriority(id, number, reason.trim());
        return `${holder} has the priority ${number}`;
      }}
    >
      <TextInput
        label="Priority"
        description="Whoever has a higher one is served first. Everybody begins with 0."
        inputMode="numeric"
        data-autofocus
        value={priority}
        maxLength={4}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setNumber(event.currentTarget.value)}
      />
      <Textarea
        label="Reason"
        required
        placeholder="The release is tonight"
        value={reason}
        maxLength={2000}
        autosize
        minRows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
