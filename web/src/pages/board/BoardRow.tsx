import { IconChevronRight, IconUserCheck } from "@tabler/icons-react";
import { memo } from "react";
import type { BoardRow } from "../../claims/board";
import { ClaimMenu, OwnActions } from "../../claims/ClaimActions";
import { Branch, Comment, QueueMark, ScopeMark, ThingName } from "../../claims/ClaimParts";
import { kindOf } from "../../things/registry";
import { Avatar } from "../../ui/Person";
import type { Column } from "../../ui/ThingTable";
import { Ago, Until } from "../../ui/Time";
import classes from "./Board.module.css";

export type Heading = Exclude<BoardRow, { type: "claim" }>;

/** What groups the rows below it, to open and close. */
export const BoardHeading = memo(
  function BoardHeading({ row, onToggle }: { row: Heading; onToggle: (id: string) => void }) {
    return (
      <div role="cell" aria-colspan={7} className={row.type === "section" ? classes.section : classes.personCell}>
        <button
          type="button"
          className={classes.toggle}
          data-nested={(row.type === "person" && row.nested) || undefined}
          aria-expanded={row.open}
          onClick={() => onToggle(row.id)}
        >
          <IconChevronRight size={15} className={classes.chevron} aria-hidden />
          {row.type === "section" ? <SectionTitle kind={row.kind} title={row.title} /> : <PersonTitle name={row.holder} />}
          <span className={classes.count}>{row.count.toLocaleString()}</span>
        </button>
      </div>
    );
  },
  (a, b) => a.onToggle === b.onToggle && sameRow(a.row, b.row),
);

/** Rows are made anew for each drawing; most show what they showed before. */
export function sameRow(a: BoardRow, b: BoardRow): boolean {
  if (a.type === "claim" && b.type === "claim") return a.claim === b.claim && a.mine === b.mine;
  if (a.type === "claim" || b.type === "claim") return false;
  return a.id === b.id && a.count === b.count && a.open === b.open;
}

function SectionTitle({ kind, title }: { kind: string | undefined; title: string }) {
  const Icon = kind === undefined ? IconUserCheck : kindOf(kind).Icon;
  return (
    <span className={classes.sectionTitle}>
      <Icon size={17} stroke={1.8} aria-hidden />
      {title}
    </span>
  );
}

function PersonTitle({ name }: { name: string }) {
  return (
    <span className={classes.personTitle}>
      <Avatar name={name} />
      {name}
    </span>
  );
}

type ClaimRow = Extract<BoardRow, { type: "claim" }>;

/** Only claims have cells; what groups them is drawn as a heading. */
function ofClaim<Result>(draw: (row: ClaimRow) => Result): (row: BoardRow) => Result | null {
  return (row) => (row.type === "claim" ? draw(row) : null);
}

export const BOARD_COLUMNS: readonly Column<BoardRow>[] = [
  {
    label: "What",
    look: "name",
    cell: ofClaim(({ claim, mine }) => (
      <span className={classes.what} data-indent={!mine || undefined}>
        <ThingName claim={claim} />
        <QueueMark claim={claim} />
      </span>
    )),
  },
  { label: "Project", cell: ofClaim(({ claim }) => <ScopeMark scope={claim.scope} />) },
  { label: "Branch", cell: ofClaim(({ claim }) => <Branch claim={claim} />) },
  { label: "Why", look: "quiet", gives: true, cell: ofClaim(({ claim }) => <Comment claim={claim} />) },
  { label: "Since", look: "quiet", cell: ofClaim(({ claim }) => <Ago at={claim.acquired_at} />) },
  { label: "Ends", look: "quiet", cell: ofClaim(({ claim }) => <Until at={claim.expires_at} />) },
];

export const wideMenu = ofClaim(({ claim, mine }) => (
  <>
    {mine && <OwnActions claim={claim} />}
    <ClaimMenu claim={claim} />
  </>
));

export const narrowMenu = ofClaim(({ claim }) => <ClaimMenu claim={claim} />);

export const boardCard = ofClaim(({ claim, mine }) => (
  <>
    <div className={classes.cardTop}>
      <ThingName claim={claim} />
      <QueueMark claim={claim} />
    </div>
    <div className={classes.cardNote}>
      <ScopeMark scope={claim.scope} />
      <Branch claim={claim} />
    </div>
    <div className={classes.cardNote}>
      <Ago at={claim.acquired_at} />
      <span aria-hidden="true">·</span>
      <Until at={claim.expires_at} />
      <Comment claim={claim} />
    </div>
    {mine && (
      <span className={classes.cardActions}>
        <OwnActions claim={claim} />
      </span>
    )}
  </>
));
