import { memo } from "react";
import { splitName, visible } from "./names";
import classes from "./ui.module.css";

/**
 * A path that gives way where it tells least: the top folders first, then the middle of the file's name. The whole
 * path is in the title and in what a screen reader gets.
 */
export const PathText = memo(function PathText({ path, quiet = false }: { path: string; quiet?: boolean }) {
  const shown = visible(path);
  const cut = shown.lastIndexOf("/") + 1;
  const [stem, tail] = splitName(shown.slice(cut));
  return (
    <span className={classes.path} title={shown} data-quiet={quiet || undefined} data-bare={cut === 0 || undefined}>
      {cut > 0 && (
        <span className={classes.dir} style={{ minWidth: `${Math.min(cut, 4)}ch` }}>
          <bdi dir="ltr">{shown.slice(0, cut)}</bdi>
        </span>
      )}
      <span className={classes.file}>
        {tail ? (
          <>
            <span className="visually-hidden">{shown.slice(cut)}</span>
            <span className={classes.stem} aria-hidden="true">
              {stem}
            </span>
            <span className={classes.tail} aria-hidden="true">
              {tail}
            </span>
          </>
        ) : (
          stem
        )}
      </span>
    </span>
  );
});
