import { extend, useClaimContext, wait } from "../../../claims/actions";
import { FreeCard, HolderCard } from "../../../claims/HolderCard";
import { ActionButton } from "../../../ui/ActionButton";
import type { DocumentFile } from "../../../api/types";
import type { RowContext } from "../actions";
import { forceUnlock } from "../actions/forceUnlock";
import { lock } from "../actions/lock";
import { unlock } from "../actions/unlock";
import { rowOfFile } from "../rows";

/** Who holds the file and until when, and what can be done about it. */
export function LockCard({ file, context }: { file: DocumentFile; context: RowContext }) {
  const claimContext = useClaimContext();
  const hold = context.holdOf(file);
  const about = { subject: rowOfFile(file), context };
  if (!hold) {
    return (
      <FreeCard label="Lock">
        <ActionButton action={lock} {...about} />
      </FreeCard>
    );
  }
  const { claim } = hold;
  const aboutClaim = claim && { subject: claim, context: claimContext };
  return (
    <HolderCard
      label="Lock"
      holder={hold.holder}
      since={hold.since}
      claim={claim}
      words={{ ends: "Until", comment: "Reason" }}
      marked
    >
      <ActionButton action={unlock} {...about} />
      {aboutClaim && (
        <>
          <ActionButton action={extend} {...aboutClaim} label="Change the end…" withIcon={false} />
          <ActionButton action={wait} {...aboutClaim} withIcon={false} />
        </>
      )}
      <ActionButton action={forceUnlock} {...about} />
    </HolderCard>
  );
}
