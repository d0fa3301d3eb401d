import { visible } from "../../../ui/names";
import type { Part } from "../types";
import { titleOf } from "../words";
import classes from "./dialogs.module.css";

/** What a question is about. */
export function Subject({ part }: { part: Part }) {
  return (
    <p className={classes.subject}>
      <strong>{visible(titleOf(part))}</strong>
      <span>
        {[part.material, part.material_thickness, part.subsystem].filter(Boolean).map((text) => visible(text!)).join(" · ")}
      </span>
    </p>
  );
}
