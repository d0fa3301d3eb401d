import { IconChevronRight } from "@tabler/icons-react";
import { folderLink, type Place } from "../places";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import classes from "./Documents.module.css";

/** The way from the top of the bucket to this folder. */
export function Crumbs({ place, top }: { place: Place; top: string }) {
  const segments = place.path.split("/").filter(Boolean);
  const steps = [top, ...segments].map((name, index) => ({
    name,
    to: folderLink({ ...place, path: segments.slice(0, index).join("/") }),
  }));
  return (
    <nav aria-label="Folder" className={classes.crumbs}>
      <ol>
        {steps.map(({ name, to }, index) => {
          const last = index === steps.length - 1;
          return (
            <li key={to}>
              {index > 0 && <IconChevronRight size={14} aria-hidden />}
              <Link to={to} className={classes.crumb} aria-current={last ? "page" : undefined} title={visible(name)}>
                <bdi>{visible(name)}</bdi>
              </Link>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
