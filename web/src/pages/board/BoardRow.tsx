import { IconChevronRight, IconUserCheck } from "@tabler/icons-react";
import { memo } from "react";
import type { BoardRow } from "../../claims/board";
import { ClaimMenu, OwnActions } from "../../claims/ClaimActions";
import { Note, QueueMark, ScopeMark, ThingName } from "../../claims/ClaimParts";
import { kindOf } from "../../things/registry";
import { Avatar } from "../../ui/Person";
import { Ago, Until } from "../../ui/Time";
import classes from "./Board.module.css";

interface Props {
  row: BoardRow;
  narrow: boolean;
  onToggle: (id: string) => void;
}

export const BoardRowView = memo(
  function BoardRowView({ row, narrow, onToggle }: Props) {
    if (row.type === "claim") return narrow ? <NarrowClaim row={row} /> : <WideClaim row={row} />;
    return (
      <div role="cell" aria-colspan={5} className={row.type === "section" ? classes.section : classes.personCell}>
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
  (a, b) => a.narrow === b.narrow && a.onToggle === b.onToggle && sameRow(a.row, b.row),
);

function sameRow(a: BoardRow, b: BoardRow): boolean {
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

function WideClaim({ row: { claim, mine } }: { row: ClaimRow }) {
  return (
    <div className={classes.grid} role="presentation">
      <span role="cell" className={classes.what} data-indent={!mine || undefined}>
        <ThingName claim={claim} />
        <ScopeMark scope={claim.scope} />
        <QueueMark claim={claim} />
      </span>
      <span role="cell" className={classes.cell}>
        <Note claim={claim} />
      </span>
      <span role="cell" className={classes.time}>
        <Ago at={claim.acquired_at} />
      </span>
      <span role="cell" className={classes.time}>
        <Until at={claim.expires_at} />
      </span>
      <span role="cell" className={classes.actions}>
        {mine && <OwnActions claim={claim} />}
        <ClaimMenu claim={claim} />
      </span>
    </div>
  );
}

function NarrowClaim({ row: { claim, mine } }: { row: ClaimRow }) {
  return (
    <div className={classes.card} role="cell">
      <div className={classes.cardText}>
        <div className={classes.cardTop}>
          <ThingName claim={claim} />
          <QueueMark claim={claim} />
        </div>
        <div className={classes.cardNote}>
          <Ago at={claim.acquired_at} />
          <span aria-hidden="true">·</span>
          <Until at={claim.expires_at} />
          <Note claim={claim} />
        </div>
        {mine && <OwnActions claim={claim} />}
      </div>
      <ClaimMenu claim={claim} />
    </div>
  );
}
