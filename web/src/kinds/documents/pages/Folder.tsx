import type { UseQueryResult } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo, type Ref } from "react";
import type { DocumentFolder } from "../../../api/types";
import { actByKey } from "../../../ui/action";
import { BulkBar } from "../../../ui/BulkBar";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { ThingTable } from "../../../ui/ThingTable";
import { useSelection } from "../../../ui/useSelection";
import type { ListHandle } from "../../../ui/VirtualList";
import { rowActions, type RowContext } from "../actions";
import type { Hold } from "../hold";
import type { Place } from "../places";
import { parseSort, rowsOf, type Row } from "../rows";
import classes from "./Documents.module.css";
import { FolderEmpty, FolderFailed } from "./FolderEmpty";
import { FolderCard, folderColumns } from "./FolderRow";
import { RowMenu } from "./RowMenu";

interface Props {
  place: Place;
  query: UseQueryResult<DocumentFolder>;
  filter: string;
  sort: string | null;
  context: RowContext;
  handle: Ref<ListHandle>;
  onSort: (sort: string) => void;
  onClear: () => void;
  onUpload: () => void;
  onOpen: (row: Row) => void;
}

export function Folder(props: Props) {
  const { place, query, context } = props;
  const { bucket, id } = place;
  const { holdOf, me } = context;
  const filter = useDeferredValue(props.filter);
  const sort = useMemo(() => parseSort(props.sort), [props.sort]);
  const { data, error, isPending, refetch } = query;
  const rows = useMemo(
    () => (data ? rowsOf(data, filter, sort, (file) => holdOf(file)?.holder ?? null) : []),
    [data, filter, sort, holdOf],
  );
  const selection = useSelection(rows, idOf);
  const holdOfRow = useCallback((row: Row): Hold | null => (row.type === "file" ? holdOf(row.file) : null), [holdOf]);
  const columns = useMemo(() => folderColumns({ bucket, id }, me, holdOfRow), [bucket, id, me, holdOfRow]);
  const card = useCallback(
    (row: Row) => <FolderCard row={row} bucket={{ bucket, id }} hold={holdOfRow(row)} />,
    [bucket, id, holdOfRow],
  );
  const menu = useCallback(
    (row: Row) => <RowMenu row={row} bucket={{ bucket, id }} context={context} />,
    [bucket, id, context],
  );

  if (isPending) return <ListSkeleton />;
  if (!data) return <FolderFailed error={error!} place={place} onRetry={() => void refetch()} />;
  return (
    <>
      <div className={classes.count} role="status">
        {countText(data, rows, filter)}
        {error && " · could not be read again just now"}
      </div>
      <BulkBar actions={rowActions} subjects={selection.chosen} context={context} onClear={selection.clear} />
      {rows.length === 0 ? (
        <FolderEmpty
          filter={filter}
          mayWrite={context.can.includes("write")}
          onClear={props.onClear}
          onUpload={props.onUpload}
        />
      ) : (
        <ThingTable
          handle={props.handle}
          label="Files and folders"
          items={rows}
          idOf={idOf}
          nameOf={nameOf}
          columns={columns}
          gridClass={classes.grid}
          card={card}
          heightOf={heightOf}
          menu={menu}
          isMine={(row) => holdOfRow(row)?.holder === me}
          selection={selection}
          sort={(sort.down ? "-" : "") + sort.by}
          onSort={props.onSort}
          onOpen={props.onOpen}
          onKey={(key, row) => actByKey(rowActions, key, row, context)}
        />
      )}
    </>
  );
}

function idOf(row: Row): string {
  return row.id;
}

function nameOf(row: Row): string {
  return row.name;
}

function heightOf(row: Row, narrow: boolean): number {
  return narrow ? (row.type === "folder" ? 48 : 62) : 40;
}

function countText(data: DocumentFolder, rows: readonly Row[], filter: string): string {
  const all = data.folders.length + data.files.length;
  if (filter.trim()) return `${rows.length.toLocaleString()} of ${all.toLocaleString()}`;
  const count = (n: number, one: string): string => `${n.toLocaleString()} ${one}${n === 1 ? "" : "s"}`;
  return [data.folders.length && count(data.folders.length, "folder"), count(data.files.length, "file")]
    .filter(Boolean)
    .join(", ");
}
