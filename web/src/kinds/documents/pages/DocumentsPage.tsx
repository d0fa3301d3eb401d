import { Button } from "@mantine/core";
import { IconFolderPlus, IconUsersGroup } from "@tabler/icons-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import type { DocumentFile } from "../../../api/types";
import { useMe } from "../../../session/session";
import { useHolds } from "../hold";
import { folderLink, join, nameOf, parentOf, pathProblem, type Place } from "../places";
import { folderQuery } from "../queries";
import { shelfName, useShelf } from "../shelves";
import type { Chosen } from "../uploads/drop";
import { uploads } from "../uploads/uploads";
import { BlockableButton } from "../../../ui/BlockableButton";
import { FilterBox } from "../../../ui/FilterBox";
import { Link, useGo } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { complain } from "../../../ui/toast";
import { useNarrow } from "../../../ui/useNarrow";
import { usePageKeys } from "../../../ui/usePageKeys";
import { useSearch } from "../../../ui/useSearch";
import type { ListHandle } from "../../../ui/VirtualList";
import type { RowContext } from "../actions";
import { remove } from "../actions/remove";
import type { Ask } from "../ask";
import { rowOfFile } from "../rows";
import { Crumbs } from "./Crumbs";
import { Deleted, restoreNow } from "./Deleted";
import classes from "./Documents.module.css";
import { DropZone } from "./DropZone";
import { Folder } from "./Folder";
import { Shelves, ShelfSelect } from "./Shelves";
import { UploadButton, type UploadHandle } from "./UploadButton";
import FileDrawer from "./FileDrawer";
import Dialogs from "./dialogs/Dialogs";

const NOTHING: readonly string[] = [];

/** Buckets as folders. The address says which; with `file`, `path` is that file's, as in the server's links. */
export default function DocumentsPage() {
  const me = useMe();
  const narrow = useNarrow();
  const go = useGo();
  const [search, change] = useSearch();
  const [ask, setAsk] = useState<Ask | null>(null);
  const list = useRef<ListHandle>(null);
  const upload = useRef<UploadHandle>(null);

  const fileId = search.get("file");
  const path = search.get("path") ?? "";
  const deleted = search.get("view") === "deleted";
  const bucket = search.get("bucket") ?? "users";
  const id = search.get("id") ?? me.uuid;
  const place: Place = { bucket, id, path: fileId ? parentOf(path) : path };
  const shelf = useShelf(place);
  const holdOf = useHolds(shelf?.scope);
  const folder = useQuery({ ...folderQuery(place), refetchInterval: shelf?.scope.startsWith("external:") ? 15_000 : false });
  const can = folder.data?.can ?? NOTHING;
  const context = useMemo(
    (): RowContext => ({ can, me: me.username, holdOf, onAsk: setAsk }),
    [can, me.username, holdOf],
  );
  const refused = can.includes("write") ? null : folder.isPending ? "One moment." : "You may look here, not change.";
  const top = shelf ? shelfName(shelf) : bucket === "users" && id === me.uuid ? "My files" : "Files";

  const onFiles = (chosen: Chosen[]): void => {
    const wanted = chosen.map(({ file, path: below }) => ({ file, place: { bucket, id, path: join(place.path, below) } }));
    const bad = wanted.find((one) => pathProblem(one.place.path));
    if (bad) complain(new Error(`${bad.file.name}: ${pathProblem(bad.place.path)}`));
    uploads.add(wanted.filter((one) => !pathProblem(one.place.path)));
  };

  const close = useCallback(() => change({ file: null, path: parentOf(path) }), [change, path]);
  /** Links keep their file's id; the file may have moved since. */
  const onPlace = useCallback(
    (file: DocumentFile) => change({ bucket: file.bucket_type, id: file.bucket_id, path: file.logical_path }),
    [change],
  );
  useKeys({ onUpload: () => upload.current?.choose(), onFolder: () => setAsk({ name: "new-folder" }), refused, deleted });

  const filter = search.get("q") ?? "";
  return (
    <div className="page-fill">
      <div className="page-head">
        <h1>Documents</h1>
        {!narrow && !deleted && <Crumbs place={place} top={top} />}
        {!narrow && deleted && <span className={classes.summary}>Deleted files of {top}</span>}
        <span style={{ flex: 1 }} />
        {bucket === "projects" && shelf?.name && !narrow && (
          <Button
            component={Link}
            to={`/projects?open=${encodeURIComponent(id)}`}
            size="xs"
            variant="subtle"
            leftSection={<IconUsersGroup size={16} />}
          >
            Members
          </Button>
        )}
        {!deleted && (
          <>
            <BlockableButton
              size="xs"
              variant="default"
              reason={refused}
              px={narrow ? 8 : undefined}
              leftSection={narrow ? undefined : <IconFolderPlus size={15} />}
              aria-label="New folder"
              onClick={() => setAsk({ name: "new-folder" })}
            >
              {narrow ? <IconFolderPlus size={16} /> : "New folder"}
            </BlockableButton>
            <UploadButton handle={upload} refused={refused} onFiles={onFiles} />
          </>
        )}
      </div>
      {narrow && (
        <div className={classes.narrowPlace}>
          <ShelfSelect here={place} deleted={deleted} />
          {!deleted && place.path && <Crumbs place={place} top={top} />}
        </div>
      )}
      <div className={classes.tools}>
        <FilterBox
          value={filter}
          label={deleted ? "Filter the deleted files" : "Filter this folder"}
          placeholder={narrow ? "Filter this folder" : "Filter by name, owner or holder"}
          onChange={(q) => change({ q })}
          onDown={() => list.current?.focus()}
        />
      </div>
      <div className={classes.columns}>
        {!narrow && (
          <aside className={`panel ${classes.side}`}>
            <Shelves here={place} deleted={deleted} />
          </aside>
        )}
        {deleted ? (
          <div className={`panel ${classes.table}`}>
            <Deleted
              bucket={place}
              filter={filter}
              can={can}
              onAsk={setAsk}
              onOpen={(file) => change({ file: file.id, path: file.logical_path }, { push: true })}
            />
          </div>
        ) : (
          <DropZone
            className={`panel ${classes.table}`}
            into={place.path ? visible(nameOf(place.path)) : top}
            refused={refused}
            onFiles={onFiles}
          >
            <Folder
              key={`${bucket}/${id}/${place.path}`}
              place={place}
              query={folder}
              filter={filter}
              sort={search.get("sort")}
              context={context}
              handle={list}
              onSort={(sort) => change({ sort: sort === "name" ? null : sort })}
              onClear={() => change({ q: null })}
              onUpload={() => upload.current?.choose()}
              onOpen={(row) =>
                row.type === "folder"
                  ? go(folderLink({ ...place, path: row.path }))
                  : change({ bucket, id, file: row.id, path: row.path }, { push: true })
              }
            />
          </DropZone>
        )}
      </div>
      {fileId && (
        <FileDrawer
          key={fileId}
          fileId={fileId}
          context={context}
          covered={ask !== null}
          onDelete={(file) => {
            close();
            remove.run(rowOfFile(file), context);
          }}
          onRestore={(file) => void restoreNow(file)}
          onPlace={onPlace}
          onClose={close}
        />
      )}
      {ask && <Dialogs ask={ask} folder={place} holdOf={holdOf} onClose={() => setAsk(null)} />}
    </div>
  );
}

interface Keys {
  onUpload: () => void;
  onFolder: () => void;
  refused: string | null;
  deleted: boolean;
}

/** Capital letters, for small ones belong to rows and to going places. */
function useKeys({ onUpload, onFolder, refused, deleted }: Keys): void {
  usePageKeys((event) => {
    if (deleted || (event.key !== "U" && event.key !== "N")) return;
    event.preventDefault();
    if (refused) complain(new Error(refused));
    else if (event.key === "U") onUpload();
    else onFolder();
  });
}
