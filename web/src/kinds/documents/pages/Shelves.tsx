import { NativeSelect } from "@mantine/core";
import { IconBuilding, IconStack2, IconTrash, IconUser } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { DocumentShelf } from "../../../api/types";
import { folderLink, type Bucket } from "../places";
import { shelvesQuery } from "../queries";
import { sameBucket, shelfName, shelfTitle } from "../shelves";
import { Link, useGo } from "../../../ui/Link";
import { Refusal } from "../../../ui/Refusal";
import classes from "./Documents.module.css";
import { Missing } from "./Missing";

const ICONS = { users: IconUser, companies: IconBuilding, projects: IconStack2 };
const ORDER = ["users", "companies", "projects"] as const;

function linkTo(shelf: Bucket): string {
  return folderLink({ bucket: shelf.bucket, id: shelf.id, path: "" });
}

/** Where one may look: one's own files, the company's, the projects'. */
export function Shelves({ here, deleted }: { here: Bucket; deleted: boolean }) {
  const { data, error, refetch } = useQuery(shelvesQuery);
  const shelves = data?.buckets ?? [];
  return (
    <nav className={classes.shelves} aria-label="Places">
      {error && !data && <Refusal error={error} onRetry={() => void refetch()} />}
      <Missing what="Places" warnings={data?.warnings} />
      {ORDER.map((of) => {
        const some = shelves.filter((shelf) => shelf.bucket === of);
        if (some.length === 0) return null;
        return (
          <div key={of}>
            <div className={classes.shelfTitle}>{shelfTitle(of)}</div>
            {some.map((shelf) => (
              <ShelfLink key={shelf.id} shelf={shelf} current={!deleted && sameBucket(shelf, here)} />
            ))}
          </div>
        );
      })}
      <div>
        <div className={classes.shelfTitle}>Here</div>
        <Link
          to={`${linkTo(here)}&view=deleted`}
          className={classes.shelf}
          aria-current={deleted ? "page" : undefined}
        >
          <IconTrash size={16} stroke={1.7} aria-hidden />
          <span className={classes.shelfName}>Deleted files</span>
        </Link>
      </div>
    </nav>
  );
}

function ShelfLink({ shelf, current }: { shelf: DocumentShelf; current: boolean }) {
  const Icon = ICONS[shelf.bucket as keyof typeof ICONS];
  const name = shelfName(shelf);
  return (
    <Link to={linkTo(shelf)} className={classes.shelf} aria-current={current ? "page" : undefined} title={name}>
      <Icon size={16} stroke={1.7} aria-hidden />
      <span className={classes.shelfName}>{name}</span>
    </Link>
  );
}

/** The same for a narrow screen. */
export function ShelfSelect({ here, deleted }: { here: Bucket; deleted: boolean }) {
  const go = useGo();
  const { data } = useQuery(shelvesQuery);
  const shelves = data?.buckets ?? [];
  const value = `${here.bucket}/${here.id}`;
  const known = shelves.some((shelf) => sameBucket(shelf, here));
  return (
    <NativeSelect
      className={classes.shelfSelect}
      aria-label="Place"
      value={deleted ? "deleted" : value}
      data={[
        ...(known ? [] : [{ value, label: "This place" }]),
        ...shelves.map((shelf) => ({ value: `${shelf.bucket}/${shelf.id}`, label: shelfName(shelf) })),
        { value: "deleted", label: "Deleted files" },
      ]}
      onChange={(event) => {
        const [bucket, id] = event.currentTarget.value.split("/");
        go(id ? linkTo({ bucket: bucket!, id }) : `${linkTo(here)}&view=deleted`);
      }}
    />
  );
}
