import { IconArrowDown, IconArrowUp, IconFolder, IconLock } from "@tabler/icons-react";
import { memo } from "react";
import { FileIcon } from "../FileIcon";
import type { Hold } from "../hold";
import { fileLink, folderLink, type Bucket } from "../places";
import type { Row, SortBy } from "../rows";
import { StatusMark } from "../status";
import { sizeText } from "../../../ui/bytes";
import { FileName } from "../../../ui/FileName";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { Ago } from "../../../ui/Time";
import classes from "./Documents.module.css";
import { RowMenu } from "./RowMenu";
import type { RowVerbs } from "./useRowVerbs";

const COLUMNS: { by: SortBy; label: string }[] = [
  { by: "name", label: "Name" },
  { by: "holder", label: "Held by" },
  { by: "version", label: "Version" },
  { by: "size", label: "Size" },
  { by: "changed", label: "Changed" },
];

interface HeadProps {
  sort: string;
  onSort: (sort: string) => void;
  all: boolean;
  some: boolean;
  onAll: () => void;
}

export function FolderHead({ sort, onSort, all, some, onAll }: HeadProps) {
  return (
    <div role="row" aria-rowindex={1} className={classes.grid}>
      <span role="columnheader" className={classes.check}>
        <input
          type="checkbox"
          className={classes.box}
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = some;
          }}
          onChange={onAll}
          aria-label="Select all shown"
        />
      </span>
      {COLUMNS.map(({ by, label }) => {
        const up = sort === by;
        const down = sort === `-${by}`;
        return (
          <span
            key={by}
            role="columnheader"
            aria-sort={up ? "ascending" : down ? "descending" : "none"}
            className={by === "size" || by === "version" ? classes.numberHead : undefined}
          >
            <button type="button" className={classes.sort} onClick={() => onSort(up ? `-${by}` : by)}>
              {label}
              {up && <IconArrowUp size={13} aria-hidden />}
              {down && <IconArrowDown size={13} aria-hidden />}
            </button>
          </span>
        );
      })}
      <span role="columnheader">
        <span className="visually-hidden">Actions</span>
      </span>
    </div>
  );
}

interface RowProps {
  row: Row;
  bucket: Bucket;
  hold: Hold | null;
  mine: boolean;
  selected: boolean;
  verbs: RowVerbs;
  onToggle: (row: Row) => void;
}

function RowName({ row, bucket }: { row: Row; bucket: Bucket }) {
  const place = { bucket: bucket.bucket, id: bucket.id, path: row.path };
  return (
    <>
      {row.type === "folder" ? (
        <span className={classes.folderIcon} aria-hidden="true">
          <IconFolder size={18} stroke={1.6} />
        </span>
      ) : (
        <FileIcon name={row.name} mime={row.file.mime_type} />
      )}
      <Link
        to={row.type === "folder" ? folderLink(place) : fileLink(row.id, place)}
        className={classes.name}
        data-folder={row.type === "folder" || undefined}
        tabIndex={-1}
      >
        <FileName name={row.name} />
        {row.type === "folder" && <span className="visually-hidden"> (folder)</span>}
      </Link>
      {row.type === "file" && row.file.status === "pending_validation" && <StatusMark status={row.file.status} />}
    </>
  );
}

export const FolderRow = memo(function FolderRow({ row, bucket, hold, mine, selected, verbs, onToggle }: RowProps) {
  const file = row.type === "file" ? row.file : null;
  return (
    <div className={classes.grid} role="presentation" data-mine={mine || undefined}>
      <span role="cell" className={classes.check}>
        <input
          type="checkbox"
          className={classes.box}
          checked={selected}
          onChange={() => onToggle(row)}
          aria-label={`Select ${visible(row.name)}`}
        />
      </span>
      <span role="cell" className={classes.nameCell}>
        <RowName row={row} bucket={bucket} />
      </span>
      <span role="cell" className={classes.cell}>
        {hold && <Person name={hold.holder} me={mine} />}
      </span>
      <span role="cell" className={classes.number}>
        {file?.version ? file.version : ""}
      </span>
      <span role="cell" className={classes.number}>
        {file && sizeText(file.size)}
      </span>
      <span role="cell" className={classes.quiet}>
        {file && <Ago at={file.updated_at} />}
      </span>
      <span role="cell" className={classes.actions}>
        <RowMenu row={row} bucket={bucket} verbs={verbs} />
      </span>
    </div>
  );
});

export const FolderCard = memo(function FolderCard({ row, bucket, hold, mine, verbs }: RowProps) {
  const file = row.type === "file" ? row.file : null;
  return (
    <div className={classes.card} role="cell" data-mine={mine || undefined}>
      <div className={classes.cardText}>
        <div className={classes.nameCell}>
          <RowName row={row} bucket={bucket} />
        </div>
        {file && (
          <div className={classes.cardNote}>
            <span>{sizeText(file.size)}</span>
            <Ago at={file.updated_at} />
            {hold && (
              <span className={classes.cardHold}>
                <IconLock size={13} stroke={1.8} aria-hidden />
                <span className="visually-hidden">Held by </span>
                {hold.holder}
              </span>
            )}
          </div>
        )}
      </div>
      <RowMenu row={row} bucket={bucket} verbs={verbs} />
    </div>
  );
});
