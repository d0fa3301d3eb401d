import { useState } from "react";
import type { Claim } from "../../api/types";
import { fromLocalInput, localInput } from "../../ui/time";
import { extend } from "../requests";
import { FormDialog } from "../../overlays/FormDialog";
import { EndPicker, endProblem } from "./EndPicker";
import { Subject } from "./Subject";

export default function ExtendDialog({ claim }: { claim: Claim }) {
  const [end, setEnd] = useState(claim.expires_at ? localInput(new Date(claim.expires_at)) : "");
  return (
    <FormDialog
      title="Change when it ends"
      submit="Save"
      blocked={endProblem(end)}
      onSubmit={async () => {
        await extend(claim, fromLocalInput(end));
        return end ? "The new end is set" : "It has no end now";
      }}
    >
      <Subject claim={claim} />
      <EndPicker label="Hold it until" value={end} onChange={setEnd} />
    </FormDialog>
  );
}
