import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useState, type DragEvent } from "react";
import { thingHistoryQuery } from "../../../api/queries";
import { scopeOfProject } from "../../../api/scope";
import { ThingHistory } from "../../../things/ThingHistory";
import { ActionButton } from "../../../ui/ActionButton";
import { Chip } from "../../../ui/Chip";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { complain } from "../../../ui/toast";
import { workActions, type PartContext } from "../actions";
import { recheck } from "../actions/recheck";
import { upload } from "../actions/upload";
import { usePartContext } from "../context";
import { askUpload } from "../dialogs";
import { ofKind } from "../files";
import { DueMark, PriorityMark, StateMarks } from "../marks";
import { useOnshapeReturn } from "../onshape/useReturn";
import { PartMenu } from "../PartMenu";
import { partQuery } from "../queries";
import type { Part } from "../types";
import { fileProblem } from "../upload";
import { CATEGORY_WORDS, nameOf, revisionWord } from "../words";
import { Drawing } from "./Drawing";
import { Facts } from "./Facts";
import { Files } from "./Files";
import { Model } from "./Model";
import { Notices } from "./Notices";
import { Numbers } from "./Numbers";
import classes from "./Part.module.css";
import { Steps } from "./Steps";
import { inProject } from "./useProject";

/** All about one part: its model and drawing, what is to be done, what was counted, what has happened. */
export default function PartPage() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const id = Number(path.slice(path.lastIndexOf("/") + 1));
  const query = useQuery({
    ...partQuery(id),
    // The stream tells when a conversion is over; this is for when it does not.
    refetchInterval: ({ state }) => (isConverting(state.data) ? 5_000 : false),
  });
  if (!query.data) {
    return (
      <div className="page-scroll">
        <h1 className="visually-hidden">Part</h1>
        <ListState query={query} />
      </div>
    );
  }
  return <Loaded part={query.data} />;
}

function isConverting(part: Part | undefined): boolean {
  const state = part?.conversion?.state;
  return state === "pending" || state === "running";
}

function Loaded({ part }: { part: Part }) {
  const context = usePartContext(part.project);
  const [revision, setRevision] = useState<number | null>(null);
  const history = useQuery(thingHistoryQuery({ kind: "part", scope: scopeOfProject(part.project), key: String(part.id) }));
  const models = ofKind(part, "step");
  const drawings = ofKind(part, "pdf");
  const model = models.find((one) => one.revision === revision) ?? models.find((one) => one.is_current) ?? models[0] ?? null;
  const drawing = drawings.find((one) => one.is_current) ?? drawings[0] ?? null;
  useTitle(nameOf(part));
  useOnshapeReturn();
  const drop = useDrop(part, context);
  return (
    <div className={classes.page} {...drop.handlers}>
      <p className={classes.crumb}>
        <Link to={inProject("/parts", part.project)}>
          <IconArrowLeft size={15} aria-hidden /> Parts
        </Link>
      </p>
      <header className={classes.head}>
        <div className={classes.title}>
          <h1>{visible(nameOf(part))}</h1>
          <p className={classes.marks}>
            <span className="mono">{visible(part.part_number)}</span>
            <Chip>{CATEGORY_WORDS[part.category]}</Chip>
            <Chip>{part.status}</Chip>
            <Chip>{revisionWord(part)}</Chip>
            <PriorityMark part={part} />
            <DueMark part={part} />
            <StateMarks part={part} />
          </p>
        </div>
        <div className={classes.actions} role="toolbar" aria-label="What to do with it">
          {workActions.map((action) => (
            <MainButton key={action.name} action={action} part={part} context={context} />
          ))}
          <PartMenu part={part} context={context} />
        </div>
      </header>
      <Notices part={part} context={context} />
      <div className={classes.looks}>
        <Model part={part} file={model} newest={models[0] ?? null} context={context} onNewest={() => setRevision(null)} />
        <Drawing part={part} file={drawing} context={context} />
      </div>
      <div className={classes.columns}>
        <div className={classes.column}>
          <Numbers part={part} context={context} />
          <Steps part={part} context={context} />
          <Files part={part} shown={model?.revision ?? null} context={context} onShow={setRevision} />
        </div>
        <div className={classes.column}>
          <Facts part={part} />
          <section className={`panel ${classes.box}`}>
            <ThingHistory query={history} />
          </section>
        </div>
      </div>
      {drop.over && <div className={classes.drop}>Drop to upload a STEP model or a PDF drawing</div>}
    </div>
  );
}

/** The likeliest actions as buttons; the menu has them all. */
function MainButton({ action, part, context }: { action: (typeof workActions)[number]; part: Part; context: PartContext }) {
  const plain = ["count", "block", "give-back", "reject", "take-over"].includes(action.name);
  // What a notice offers is said there.
  if (action === recheck || (!action.main && !plain)) return null;
  // What one cannot do is told where one would do it, and in the menu; not among what one can.
  if (action.refusal(part, context) !== null && !action.main) return null;
  return <ActionButton action={action} subject={part} context={context} variant={action.main ? "filled" : "default"} />;
}

function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Toolcrib`;
  }, [title]);
}

/** Files dragged in from outside. The action "Upload" does the same for a keyboard. */
function useDrop(part: Part, context: PartContext) {
  const [over, setOver] = useState(false);
  const ours = (event: DragEvent): boolean => {
    if (!event.dataTransfer.types.includes("Files")) return false;
    event.preventDefault();
    return true;
  };
  return {
    over,
    handlers: {
      onDragOver: (event: DragEvent) => {
        if (ours(event)) setOver(true);
      },
      onDragLeave: (event: DragEvent) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      },
      onDrop: (event: DragEvent) => {
        if (!ours(event)) return;
        setOver(false);
        const files = [...event.dataTransfer.files];
        const problem = upload.refusal(part, context) ?? files.map(fileProblem).find((one) => one !== null);
        if (problem) complain(new Error(problem));
        else if (files.length) askUpload(part, files);
      },
    },
  };
}
