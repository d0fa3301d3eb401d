import { Textarea } from "@mantine/core";
import { useState } from "react";
import type { Claim } from "../../api/types";
import { shownName } from "../../things/registry";
import { forceRelease } from "../requests";
import { FormDialog } from "../../overlays/FormDialog";
import { Subjects } from "./Subject";

export default function ForceReleaseDialog({ claims }: { claims: Claim[] }) {
  const [reason, setReason] = useState("");
  const holders = [...new Set(claims.map((claim) => claim.holder))];
  const whose = holders.length === 1 ? holders[0]! : `${holders.length} people`;
  return (
    <FormDialog
      title={claims.length === 1 ? "Force-release" : `Force-release ${claims.length} holdings`}
      submit={`Take from ${whose}`}
      danger
      blocked={reason.trim() ? null : "Say why: it is kept in the log."}
      onSubmit={async () => {
        await forceRelease(claims, reason.trim());
        return claims.length === 1 ? `Released ${shownName(claims[0]!.kind, claims[0]!.label)}` : `Released ${claims.length} holdings`;
      }}
    >
      <Subjects claims={claims} />
      <Textarea
        label="Reason"
        data-autofocus
        required
        placeholder="On leave, needed for tonight's build"
        value={reason}
        maxLength={2000}
        autosize
        minRows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
