import type { Claim } from "../../../api/types";
import { Branch, Comment, QueueMark, ScopeMark, ThingName } from "../../../claims/ClaimParts";
import { Person } from "../../../ui/Person";
import type { Column } from "../../../ui/ThingTable";
import { Ago, Until } from "../../../ui/Time";
import classes from "./Assets.module.css";
import type { Sort } from "./sort";

export const ASSET_COLUMNS: readonly (Column<Claim> & { by: Sort["by"] })[] = [
  {
    by: "path",
    label: "Path",
    look: "name",
    cell: (claim) => (
      <>
        <ThingName claim={claim} />
        <QueueMark claim={claim} />
      </>
    ),
  },
  { by: "project", label: "Project", cell: (claim) => <ScopeMark scope={claim.scope} /> },
  { by: "holder", label: "Holder", cell: (claim) => <Person name={claim.holder} /> },
  { by: "branch", label: "Branch", cell: (claim) => <Branch claim={claim} /> },
  { by: "since", label: "Since", look: "quiet", cell: (claim) => <Ago at={claim.acquired_at} /> },
  { by: "ends", label: "Ends", look: "quiet", cell: (claim) => <Until at={claim.expires_at} /> },
  {
    by: "comment",
    label: "Comment",
    look: "quiet",
    gives: true,
    cell: (claim) => claim.comment,
    title: (claim) => claim.comment ?? undefined,
  },
];

export function assetCard(claim: Claim) {
  return (
    <>
      <div className={classes.path}>
        <ThingName claim={claim} />
        <QueueMark claim={claim} />
      </div>
      <div className={classes.cardNote}>
        <ScopeMark scope={claim.scope} />
        <Branch claim={claim} />
      </div>
      <div className={classes.cardNote}>
        <Person name={claim.holder} />
        <Ago at={claim.acquired_at} />
        <Comment claim={claim} />
      </div>
    </>
  );
}
