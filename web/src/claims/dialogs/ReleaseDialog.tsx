import type { Claim } from "../../api/types";
import { release } from "../requests";
import { FormDialog } from "../../overlays/FormDialog";
import { Subjects } from "./Subject";

export default function ReleaseDialog({ claims }: { claims: Claim[] }) {
  return (
    <FormDialog
      title={`Release ${claims.length} holdings?`}
      submit={`Release ${claims.length}`}
      onSubmit={async () => {
        await release(claims);
        return `Released ${claims.length} holdings`;
      }}
    >
      <Subjects claims={claims} />
    </FormDialog>
  );
}
