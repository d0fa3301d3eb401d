import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Reservation } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { moveInQueue } from "../requests";

export function MoveDialog({ reservation }: { reservation: Reservation }) {
  const { holder, id, queue } = reservation;
  const [place, setPlace] = useState(String(queue?.place === 1 ? 2 : 1));
  const [reason, setReason] = useState("");
  const number = /^\d{1,6}$/.test(place.trim()) ? Number(place) : 0;
  return (
    <FormDialog
      title={`Another place for ${holder}`}
      submit="Move"
      blocked={number < 1 ? "Say which place." : reason.trim() ? null : "Say why: it is kept in the log."}
      onSubmit={async () => {
        await moveInQueue(id, number, reason.trim());
        return `${holder} has another place`;
      }}
    >
      <TextInput
        label="Place in the queue"
        description={queue ? `Now number ${queue.place} of ${queue.of}; 1 is next.` : undefined}
        inputMode="numeric"
        data-autofocus
        value={place}
        maxLength={6}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setPlace(event.currentTarget.value)}
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
