import { IconFolder, IconLock } from "@tabler/icons-react";
import { sizeText } from "../../../ui/bytes";
import { FileName } from "../../../ui/FileName";
import { Link } from "../../../ui/Link";
import { Person } from "../../../ui/Person";
import type { Column } from "../../../ui/ThingTable";
import { Ago } from "../../../ui/Time";
import { FileIcon } from "../FileIcon";
import type { Hold } from "../hold";
import { fileLink, folderLink, type Bucket } from "../places";
import type { Row, SortBy } from "../rows";
import { StatusMark } from "../status";
import classes from "./Documents.module.css";

type RowColumn = Column<Row> & { by: SortBy };

/** The columns of a folder in this bucket. */
export function folderColumns(bucket: Bucket, me: string, holdOf: (row: Row) => Hold | null): readonly RowColumn[] {
  return [
    {
      by: "name",
      label: "Name",
      look: "name",
      className: classes.nameCell,
      cell: (row) => <RowName row={row} bucket={bucket} />,
    },
    {
      by: "holder",
      label: "Held by",
      cell: (row) => {
        const hold = holdOf(row);
        return hold && <Person name={hold.holder} me={hold.holder === me} />;
      },
    },
    {
      by: "version",
      label: "Version",
      look: "number",
      cell: (row) => (row.type === "file" && row.file.version ? row.file.version : ""),
    },
    { by: "size", label: "Size", look: "number", cell: (row) => row.type === "file" && sizeText(row.file.size) },
    {
      by: "changed",
      label: "Changed",
      look: "quiet",
      cell: (row) => row.type === "file" && <Ago at={row.file.updated_at} />,
    },
  ];
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

export function FolderCard({ row, bucket, hold }: { row: Row; bucket: Bucket; hold: Hold | null }) {
  return (
    <>
      <div className={`${classes.cardName} ${classes.nameCell}`}>
        <RowName row={row} bucket={bucket} />
      </div>
      {row.type === "file" && (
        <div className={classes.cardNote}>
          <span>{sizeText(row.file.size)}</span>
          <Ago at={row.file.updated_at} />
          {hold && (
            <span className={classes.cardHold}>
              <IconLock size={13} stroke={1.8} aria-hidden />
              <span className="visually-hidden">Held by </span>
              {hold.holder}
            </span>
          )}
        </div>
      )}
    </>
  );
}
