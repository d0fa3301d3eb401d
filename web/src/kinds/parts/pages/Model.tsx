import { Button, Loader } from "@mantine/core";
import { IconCubeOff } from "@tabler/icons-react";
import { ActionButton } from "../../../ui/ActionButton";
import { BlockableButton } from "../../../ui/BlockableButton";
import { visible } from "../../../ui/names";
import { complain } from "../../../ui/toast";
import { upload } from "../actions/upload";
import { writeRefusal, type PartContext } from "../actions/context";
import { figureList } from "../figures";
import { modelUrl, nameOfRevision } from "../files";
import { convertAgain } from "../requests";
import type { Part, PartFile } from "../types";
import { ModelPanel } from "../viewer/ModelPanel";
import { nameOf } from "../words";
import classes from "./Part.module.css";

interface Props {
  part: Part;
  file: PartFile | null;
  newest: PartFile | null;
  context: PartContext;
  onNewest: () => void;
}

/** The 3D model of a revision, or why there is none to look at. */
export function Model({ part, file, newest, context, onNewest }: Props) {
  const figures = figureList(file?.conversion?.figures);
  return (
    <section className={`panel ${classes.look}`} aria-label="3D model">
      <h2 className={classes.lookName}>
        3D model
        {file && <span className={classes.dim}>{nameOfRevision(file)}</span>}
        {file && newest && file !== newest && (
          <Button size="compact-xs" variant="subtle" onClick={onNewest}>
            Show the newest
          </Button>
        )}
      </h2>
      <div className={classes.lookBody} data-empty={!file || undefined}>
        {!file ? (
          <div className={classes.nothing}>
            <IconCubeOff size={26} stroke={1.5} aria-hidden />
            <span>No model yet</span>
            <ActionButton action={upload} subject={part} context={context} />
          </div>
        ) : (
          <Shown key={file.revision} part={part} file={file} context={context} />
        )}
      </div>
      {figures.length > 0 && (
        <dl className={classes.figures}>
          {figures.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Shown({ part, file, context }: { part: Part; file: PartFile; context: PartContext }) {
  const { state, reason } = file.conversion ?? { state: "pending" as const, reason: null };
  if (state === "failed") {
    return (
      <div className={classes.nothing} role="status">
        <IconCubeOff size={26} stroke={1.5} aria-hidden />
        <span>This STEP file cannot be shown{reason && `: ${visible(reason)}`}</span>
        <BlockableButton
          size="xs"
          variant="default"
          reason={writeRefusal(context)}
          onClick={() => void convertAgain(part, file.revision).catch(complain)}
        >
          Try again
        </BlockableButton>
      </div>
    );
  }
  if (state !== "done") {
    return (
      <div className={classes.nothing} role="status">
        <Loader size="sm" aria-hidden />
        <span>{state === "running" ? "The model is being converted…" : "The model waits to be converted…"}</span>
      </div>
    );
  }
  return (
    <ModelPanel src={modelUrl(part, file.revision)} alt={`3D model of ${visible(nameOf(part))}, ${nameOfRevision(file)}`} />
  );
}
