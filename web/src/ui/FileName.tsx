import { memo } from "react";
import { splitName, visible } from "./names";
import classes from "./ui.module.css";

/** One name, in one line: shortened before its end, kept apart from the direction of the text around it. */
export const FileName = memo(function FileName({ name }: { name: string }) {
  const shown = visible(name);
  const [stem, tail] = splitName(shown);
  return (
    <bdi className={classes.fileName} title={shown}>
      {/* Read out as one: the parts of a flexible box are words apart. */}
      {tail && <span className="visually-hidden">{shown}</span>}
      <span className={classes.stem} aria-hidden={tail ? true : undefined}>
        {stem}
      </span>
      {tail && (
        <span className={classes.tail} aria-hidden="true">
          {tail}
        </span>
      )}
    </bdi>
  );
});
