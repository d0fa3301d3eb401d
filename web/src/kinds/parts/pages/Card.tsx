import { memo } from "react";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { holderOf, isMine } from "../actions/context";
import type { PartContext } from "../actions";
import { DueMark, MadeBar, PriorityMark, StateMarks } from "../marks";
import { PartMenu } from "../PartMenu";
import { Thumbnail } from "../Thumbnail";
import type { Part } from "../types";
import classes from "./Kanban.module.css";

interface Props {
  part: Part;
  context: PartContext;
  /** The one that the Tab key reaches. */
  active: boolean;
  moving: boolean;
  draggable: boolean;
  onFocus: (id: number) => void;
  onDrag: (part: Part | null) => void;
}

export const Card = memo(function Card({ part, context, active, moving, draggable, onFocus, onDrag }: Props) {
  const holder = holderOf(part);
  const step = part.step;
  return (
    <li
      className={classes.card}
      data-part={part.id}
      data-mine={isMine(part, context) || undefined}
      data-moving={moving || undefined}
      draggable={draggable}
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", String(part.id));
        onDrag(part);
      }}
      onDragEnd={() => onDrag(null)}
    >
      <div className={classes.cardTop}>
        <span className={classes.number}>{visible(part.part_number)}</span>
        <PartMenu part={part} context={context} />
      </div>
      <div className={classes.cardName}>
        <Link
          to={`/parts/${part.id}`}
          className={classes.name}
          tabIndex={active ? 0 : -1}
          draggable={false}
          onFocus={() => onFocus(part.id)}
        >
          {visible(part.name || part.part_number)}
        </Link>
        {part.thumbnail && <Thumbnail part={part} size={44} />}
      </div>
      <div className={classes.what}>
        {[part.material, part.material_thickness].filter(Boolean).map((text) => visible(text!)).join(", ")}
        {step && part.category !== "review" && part.category !== "completed" && (
          <span className={classes.step}>
            {visible(step.process)}
            {step.resource && ` · ${visible(step.resource.name)}`}
          </span>
        )}
      </div>
      <div className={classes.marks}>
        <MadeBar part={part} />
        <PriorityMark part={part} />
        <DueMark part={part} />
        <StateMarks part={part} />
      </div>
      {holder && <Person name={holder} me={isMine(part, context)} />}
    </li>
  );
});
