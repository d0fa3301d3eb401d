import type { Claim } from "../../api/types";
import { shownName } from "../../things/registry";
import { release } from "../requests";
import { FormDialog } from "../../overlays/FormDialog";
import { Subjects } from "./Subject";

interface Props {
  claims: Claim[];
  /** The kind's own way, where it is not that of all. */
  send?: () => Promise<void>;
}

export default function ReleaseDialog({ claims, send = () => release(claims) }: Props) {
  const [only] = claims;
  const one = claims.length === 1 && only ? shownName(only.kind, only.label) : null;
  const waiters = claims.reduce((sum, claim) => sum + claim.queue, 0);
  return (
    <FormDialog
      title={one === null ? `Release ${claims.length} holdings?` : "Release it?"}
      submit={one === null ? `Release ${claims.length}` : "Release it"}
      onSubmit={async () => {
        await send();
        return one === null ? `Released ${claims.length} holdings` : `Released ${one}`;
      }}
    >
      <Subjects claims={claims} />
      {waiters > 0 && (
        <p style={{ margin: 0 }}>
          {waiters === 1 ? "One person waits" : `${waiters} people wait`} for {one === null ? "some of them" : "it"}: the
          next in line has it at once, and it cannot be undone.
        </p>
      )}
    </FormDialog>
  );
}
