import { memo } from "react";
import { visible } from "./names";
import classes from "./ui.module.css";

/**
 * A path that gives way in the middle: folders shorten first, the file name last. The whole path is in
 * the title and in what a screen reader or a copy gets.
 */
export const PathText = memo(function PathText({ path, quiet = false }: { path: string; quiet?: boolean }) {
  const shown = visible(path);
  const cut = shown.lastIndexOf("/") + 1;
  return (
    <span className={classes.path} title={shown} data-quiet={quiet || undefined} data-bare={cut === 0 || undefined}>
      {cut > 0 && (
        <span className={classes.dir} style={{ minWidth: `${Math.min(cut, 4)}ch` }}>
          {shown.slice(0, cut)}
        </span>
      )}
      <span className={classes.file}>{shown.slice(cut)}</span>
    </span>
  );
});
