import { Button } from "@mantine/core";
import { IconFolderSymlink, IconTrash, IconX } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo, useState, type Ref } from "react";
import type { DocumentFile, DocumentFolder } from "../../../api/types";
import { useMe } from "../../../session/session";
import type { HoldOf } from "../hold";
import type { Place } from "../places";
import { parseSort, rowsOf, type Row } from "../rows";
import { BlockableButton } from "../../../ui/BlockableButton";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { useNarrow } from "../../../ui/useNarrow";
import { VirtualList, type ListHandle } from "../../../ui/VirtualList";
import type { Ask } from "./ask";
import classes from "./Documents.module.css";
import { FolderEmpty, FolderFailed } from "./FolderEmpty";
import { FolderCard, FolderHead, FolderRow } from "./FolderRow";
import { deleteNow, useRowVerbs, type RowVerbs } from "./useRowVerbs";

interface Props {
  place: Place;
  query: UseQueryResult<DocumentFolder>;
  filter: string;
  sort: string | null;
  holdOf: HoldOf;
  handle: Ref<ListHandle>;
  onSort: (sort: string) => void;
  onClear: () => void;
  onUpload: () => void;
  onAsk: (ask: Ask) => void;
  onOpen: (row: Row) => void;
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING: readonly string[] = [];

export function Folder(props: Props) {
  const { place, query, holdOf, onAsk } = props;
  const me = useMe();
  const narrow = useNarrow();
  const [selected, setSelected] = useState<ReadonlySet<string>>(NONE);
  const filter = useDeferredValue(props.filter);
  const sort = useMemo(() => parseSort(props.sort), [props.sort]);
  const sortText = (sort.down ? "-" : "") + sort.by;
  const { data, error, isPending, refetch } = query;
  const can = data?.can ?? NOTHING;
  const rows = useMemo(
    () => (data ? rowsOf(data, filter, sort, (file) => holdOf(file)?.holder ?? null) : []),
    [data, filter, sort, holdOf],
  );
  const chosen = useMemo(() => (selected.size ? rows.filter((row) => selected.has(row.id)) : []), [rows, selected]);
  const everything = chosen.length > 0 && chosen.length === rows.length;
  const verbs = useRowVerbs({ can, me: me.username, holdOf, onAsk });
  const heightOf = useCallback((row: Row) => (narrow ? (row.type === "folder" ? 48 : 62) : 40), [narrow]);
  const toggle = useCallback((row: Row) => {
    setSelected((now) => {
      const next = new Set(now);
      if (!next.delete(row.id)) next.add(row.id);
      return next;
    });
  }, []);

  if (isPending) return <ListSkeleton />;
  if (!data) return <FolderFailed error={error!} place={place} onRetry={() => void refetch()} />;
  const View = narrow ? FolderCard : FolderRow;
  return (
    <>
      <div className={classes.count} role="status">
        {countText(data, rows, filter)}
        {error && " · could not be read again just now"}
      </div>
      {chosen.length > 0 && (
        <Selection rows={chosen} verbs={verbs} onAsk={onAsk} onClear={() => setSelected(NONE)} />
      )}
      {rows.length === 0 ? (
        <FolderEmpty
          filter={filter}
          mayWrite={can.includes("write")}
          onClear={props.onClear}
          onUpload={props.onUpload}
        />
      ) : (
        <VirtualList
          handle={props.handle}
          label="Files and folders"
          items={rows}
          heightOf={heightOf}
          idOf={idOf}
          head={
            narrow ? undefined : (
              <FolderHead
                sort={sortText}
                onSort={props.onSort}
                all={everything}
                some={chosen.length > 0 && !everything}
                onAll={() => setSelected(everything ? NONE : new Set(rows.map(idOf)))}
              />
            )
          }
          headHeight={narrow ? 0 : 36}
          isSelected={(row) => selected.has(row.id)}
          render={(row) => {
            const hold = row.type === "file" ? holdOf(row.file) : null;
            return (
              <View
                row={row}
                bucket={place}
                hold={hold}
                mine={hold?.holder === me.username}
                selected={selected.has(row.id)}
                verbs={verbs}
                onToggle={toggle}
              />
            );
          }}
          onOpen={props.onOpen}
          onKey={(key, row) => {
            if (key === " " || key === "x") {
              toggle(row);
              return true;
            }
            return verbs.byKey(key, row);
          }}
        />
      )}
    </>
  );
}

function idOf(row: Row): string {
  return row.id;
}

function countText(data: DocumentFolder, rows: readonly Row[], filter: string): string {
  const all = data.folders.length + data.files.length;
  if (filter.trim()) return `${rows.length.toLocaleString()} of ${all.toLocaleString()}`;
  const count = (n: number, one: string): string => `${n.toLocaleString()} ${one}${n === 1 ? "" : "s"}`;
  return [data.folders.length && count(data.folders.length, "folder"), count(data.files.length, "file")]
    .filter(Boolean)
    .join(", ");
}

interface SelectionProps {
  rows: Row[];
  verbs: RowVerbs;
  onAsk: (ask: Ask) => void;
  onClear: () => void;
}

/** What can be done with several at once. */
function Selection({ rows, verbs, onAsk, onClear }: SelectionProps) {
  const refusal = (verb: "move" | "delete"): string | null =>
    rows.map((row) => verbs.reason(verb, row)).find((reason) => typeof reason === "string") ?? null;
  const files = rows.flatMap((row): DocumentFile[] => (row.type === "file" ? [row.file] : []));
  const folders = rows.length - files.length;
  return (
    <div className={classes.bulk} role="region" aria-label="Selection">
      <strong className="tabular">{rows.length.toLocaleString()} selected</strong>
      <BlockableButton
        size="xs"
        variant="default"
        leftSection={<IconFolderSymlink size={15} />}
        reason={refusal("move")}
        onClick={() => onAsk({ name: "move", rows })}
      >
        Move…
      </BlockableButton>
      <BlockableButton
        size="xs"
        variant="default"
        leftSection={<IconTrash size={15} />}
        reason={folders ? "Folders are deleted one by one." : refusal("delete")}
        onClick={() => {
          onClear();
          void deleteNow(files);
        }}
      >
        Delete
      </BlockableButton>
      <Button size="xs" variant="subtle" leftSection={<IconX size={15} />} onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
