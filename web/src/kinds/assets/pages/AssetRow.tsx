import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { memo } from "react";
import type { Claim } from "../../../api/types";
import { ClaimMenu } from "../../../claims/ClaimActions";
import { Branch, Note, QueueMark, ScopeMark, ThingName } from "../../../claims/ClaimParts";
import { Person } from "../../../ui/Person";
import { Ago, Until } from "../../../ui/Time";
import classes from "./Assets.module.css";
import type { Sort } from "./sort";

const COLUMNS: { by: Sort["by"]; label: string }[] = [
  { by: "path", label: "Path" },
  { by: "holder", label: "Holder" },
  { by: "branch", label: "Branch" },
  { by: "since", label: "Since" },
  { by: "ends", label: "Ends" },
  { by: "comment", label: "Comment" },
];

interface HeadProps {
  sort: string;
  onSort: (sort: string) => void;
  all: boolean;
  some: boolean;
  onAll: () => void;
}

export function AssetHead({ sort, onSort, all, some, onAll }: HeadProps) {
  return (
    <div role="row" aria-rowindex={1} className={classes.grid}>
      <span role="columnheader" className={classes.check}>
        <input
          type="checkbox"
          className={classes.box}
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = some;
          }}
          onChange={onAll}
          aria-label="Select all shown"
        />
      </span>
      {COLUMNS.map(({ by, label }) => {
        const up = sort === by;
        const down = sort === `-${by}`;
        return (
          <span
            key={by}
            role="columnheader"
            aria-sort={up ? "ascending" : down ? "descending" : "none"}
            className={classes.headCell}
          >
            <button type="button" className={classes.sort} onClick={() => onSort(up ? `-${by}` : by)}>
              {label}
              {up && <IconArrowUp size={13} aria-hidden />}
              {down && <IconArrowDown size={13} aria-hidden />}
            </button>
          </span>
        );
      })}
      <span role="columnheader">
        <span className="visually-hidden">Actions</span>
      </span>
    </div>
  );
}

interface RowProps {
  claim: Claim;
  selected: boolean;
  mine: boolean;
  onToggle: (claim: Claim) => void;
}

export const AssetRow = memo(function AssetRow({ claim, selected, mine, onToggle }: RowProps) {
  return (
    <div className={classes.grid} role="presentation" data-mine={mine || undefined}>
      <span role="cell" className={classes.check}>
        <input
          type="checkbox"
          className={classes.box}
          checked={selected}
          onChange={() => onToggle(claim)}
          aria-label={`Select ${claim.label}`}
        />
      </span>
      <span role="cell" className={classes.path}>
        <ThingName claim={claim} />
        <ScopeMark scope={claim.scope} />
        <QueueMark claim={claim} />
      </span>
      <span role="cell" className={classes.cell}>
        <Person name={claim.holder} />
      </span>
      <span role="cell" className={classes.cell}>
        {claim.branch && <Branch name={claim.branch} />}
      </span>
      <span role="cell" className={classes.quiet}>
        <Ago at={claim.acquired_at} />
      </span>
      <span role="cell" className={classes.quiet}>
        <Until at={claim.expires_at} />
      </span>
      <span role="cell" className={classes.quiet} title={claim.comment ?? undefined}>
        {claim.comment}
      </span>
      <span role="cell" className={classes.actions}>
        <ClaimMenu claim={claim} />
      </span>
    </div>
  );
});

export const AssetCard = memo(function AssetCard({ claim }: { claim: Claim }) {
  return (
    <div className={classes.card} role="cell">
      <div className={classes.cardText}>
        <div className={classes.path}>
          <ThingName claim={claim} />
          <QueueMark claim={claim} />
        </div>
        <div className={classes.cardNote}>
          <Person name={claim.holder} />
          <Ago at={claim.acquired_at} />
          <Note claim={claim} />
        </div>
      </div>
      <ClaimMenu claim={claim} />
    </div>
  );
});
