import { memo } from "react";
import classes from "./parts.module.css";

/**
 * A path that gives way in the middle: folders shorten first, the file name last. The whole path is in
 * the title and in what a screen reader or a copy gets.
 */
export const PathText = memo(function PathText({ path, quiet = false }: { path: string; quiet?: boolean }) {
  const cut = path.lastIndexOf("/") + 1;
  return (
    <span className={classes.path} title={path} data-quiet={quiet || undefined}>
      {cut > 0 && (
        <span className={classes.dir} style={{ minWidth: `${Math.min(cut, 4)}ch` }}>
          {path.slice(0, cut)}
        </span>
      )}
      <span className={classes.file}>{path.slice(cut)}</span>
    </span>
  );
});
