import { IconChecks } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ActionButton } from "../../../ui/ActionButton";
import { Empty } from "../../../ui/Empty";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { visible, visibleLines } from "../../../ui/names";
import { Ago } from "../../../ui/Time";
import { approve } from "../actions/approve";
import { edit } from "../actions/edit";
import { reject } from "../actions/reject";
import type { PartContext } from "../actions";
import { ordered } from "../board";
import { usePartContext } from "../context";
import { compareFigures, type FigureRow } from "../figures";
import { modelUrl, nameOfRevision, ofKind, previousModel } from "../files";
import { DueMark, PriorityMark, StateMarks } from "../marks";
import { PartMenu } from "../PartMenu";
import { useOnshapeReturn } from "../onshape/useReturn";
import { columnQuery, partQuery } from "../queries";
import type { Part, PartFile } from "../types";
import { Compare } from "../viewer/Compare";
import { nameOf } from "../words";
import { Drawing } from "./Drawing";
import { Model } from "./Model";
import part from "./Part.module.css";
import classes from "./Review.module.css";
import { ShopHead } from "./ShopHead";
import { useProject } from "./useProject";

/** What waits for review, one after the other: with its model, its drawing and the revision before. */
export default function ReviewPage() {
  const { project } = useProject();
  const context = usePartContext(project);
  useOnshapeReturn();
  const query = useQuery(columnQuery(project, "review"));
  const waiting = ordered(query.data?.parts ?? [], "review");
  const [picked, setPicked] = useState<number | null>(null);
  const index = Math.max(0, waiting.findIndex(({ id }) => id === picked));
  // What is decided goes; the one that takes its place is next.
  const lastIndex = useRef(0);
  const isGone = picked !== null && !waiting.some(({ id }) => id === picked);
  const shown = waiting[isGone ? Math.min(lastIndex.current, waiting.length - 1) : index];
  useEffect(() => {
    if (!isGone) lastIndex.current = index;
  }, [isGone, index]);
  return (
    <div>
      <ShopHead title="Review" />
      {!query.data && <ListState query={query} />}
      {query.data && waiting.length === 0 && (
        <div className="panel" style={{ margin: "16px 20px" }}>
          <Empty Icon={IconChecks} title="Nothing waits for review">
            A part that is added appears here, until somebody has approved it.
          </Empty>
        </div>
      )}
      {shown && (
        <div className={classes.columns}>
          <nav className={`panel ${classes.queue}`} aria-label="Waiting for review">
            <ol>
              {waiting.map((one) => (
                <li key={one.id}>
                  <button
                    type="button"
                    className={classes.entry}
                    aria-current={one.id === shown.id ? "true" : undefined}
                    onClick={() => setPicked(one.id)}
                  >
                    <span className="mono">{visible(one.part_number)}</span>
                    <strong>{visible(nameOf(one))}</strong>
                    <span className={part.dim}>
                      {one.author ?? "somebody"}, <Ago at={one.created_at} />
                    </span>
                    <span className={part.marks}>
                      <PriorityMark part={one} />
                      <DueMark part={one} />
                      <StateMarks part={one} />
                    </span>
                  </button>
                </li>
              ))}
            </ol>
            {query.data && query.data.total > waiting.length && (
              <p className={classes.rest}>
                {(query.data.total - waiting.length).toLocaleString()} more come up as these are decided.
              </p>
            )}
          </nav>
          <Reviewed key={shown.id} listed={shown} context={context} />
        </div>
      )}
    </div>
  );
}

function Reviewed({ listed, context }: { listed: Part; context: PartContext }) {
  const query = useQuery({
    ...partQuery(listed.id),
    refetchInterval: ({ state }) => (["pending", "running"].includes(state.data?.conversion?.state ?? "") ? 5_000 : false),
  });
  // What is approved is what is shown, so it is as old as that.
  const whole = query.data;
  if (!whole) return <ListState query={query} />;
  const models = ofKind(whole, "step");
  const drawing = ofKind(whole, "pdf")[0] ?? null;
  const [newest = null] = models;
  const before = previousModel(models);
  return (
    <article className={classes.reviewed} aria-label={nameOf(whole)}>
      <div className={part.head}>
        <div className={part.title}>
          <h2 className={classes.name}>
            <Link to={`/parts/${whole.id}`}>{visible(nameOf(whole))}</Link>
          </h2>
          <p className={part.marks}>
            <span className="mono">{visible(whole.part_number)}</span>
            <span>
              {whole.amount} × {visible(whole.material)}
              {whole.material_thickness && `, ${visible(whole.material_thickness)}`}
            </span>
            <span className={part.dim}>{visible(whole.subsystem)}</span>
          </p>
          {whole.notes && <p className={classes.notes}>{visibleLines(whole.notes)}</p>}
        </div>
        <div className={part.actions} role="toolbar" aria-label="Decide">
          <ActionButton action={approve} subject={whole} context={context} variant="filled" />
          <ActionButton action={reject} subject={whole} context={context} />
          <ActionButton action={edit} subject={whole} context={context} />
          <PartMenu part={whole} context={context} />
        </div>
      </div>
      {newest && before && <Revisions part={whole} before={before} after={newest} />}
      <div className={part.looks}>
        {!before && <Model part={whole} file={newest} newest={newest} context={context} onNewest={() => undefined} />}
        <Drawing part={whole} file={drawing} context={context} />
      </div>
    </article>
  );
}

function Revisions({ part: subject, before, after }: { part: Part; before: PartFile; after: PartFile }) {
  const rows = compareFigures(before.conversion?.figures, after.conversion?.figures);
  const bothShown = before.conversion?.state === "done" && after.conversion?.state === "done";
  return (
    <section className={`panel ${part.box}`} aria-label="Compared with the revision before">
      <h3 className={part.boxName}>
        {nameOfRevision(before)} and {nameOfRevision(after)}
        {after.note && <span className={part.dim}>{visible(after.note)}</span>}
      </h3>
      {bothShown ? (
        <Compare
          before={compared(subject, before, "Before")}
          after={compared(subject, after, "New")}
        />
      ) : (
        <p className={part.quiet}>{noModels(before, after)}</p>
      )}
      {rows.length > 0 && <FigureTable rows={rows} before={nameOfRevision(before)} after={nameOfRevision(after)} />}
    </section>
  );
}

function noModels(...files: PartFile[]): string {
  const failed = files.find((file) => file.conversion?.state === "failed");
  if (failed) return `${nameOfRevision(failed)} cannot be shown${failed.conversion?.reason ? `: ${failed.conversion.reason}` : "."}`;
  return "The models are being converted…";
}

function compared(subject: Part, file: PartFile, word: string) {
  return {
    src: modelUrl(subject, file.revision),
    alt: `3D model of ${nameOf(subject)}, ${nameOfRevision(file)}`,
    caption: `${word}: ${nameOfRevision(file)}`,
  };
}

export function FigureTable({ rows, before, after }: { rows: readonly FigureRow[]; before: string; after: string }) {
  return (
    <table className={classes.figures}>
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">Figure</span>
          </th>
          <th scope="col">{before}</th>
          <th scope="col">{after}</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name} data-changed={row.changed || undefined}>
            <th scope="row">{row.name}</th>
            <td>{row.before ?? "unknown"}</td>
            <td>{row.after ?? "unknown"}</td>
            <td>{row.change ?? ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
