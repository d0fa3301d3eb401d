import { Textarea } from "@mantine/core";
import { useState } from "react";
import type { Claim } from "../../api/types";
import { notifyHolder } from "./requests";
import { FormDialog } from "../../overlays/FormDialog";
import { Subject } from "../../claims/dialogs/Subject";

export default function NotifyDialog({ claim }: { claim: Claim }) {
  const [message, setMessage] = useState("");
  return (
    <FormDialog
      title={`Send ${claim.holder} a mail`}
      submit="Send"
      onSubmit={() => notifyHolder(claim, message.trim())}
    >
      <Subject claim={claim} />
      <Textarea
        label="Message"
        description="The mail names the file and who asks. A message is optional."
        data-autofocus
        value={message}
        maxLength={2000}
        autosize
        minRows={3}
        onChange={(event) => setMessage(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
