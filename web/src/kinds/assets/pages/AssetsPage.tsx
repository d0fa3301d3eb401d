import { Button } from "@mantine/core";
import { IconFolders, IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { claimsQuery } from "../../../claims/queries";
import type { Claim } from "../../../api/types";
import { actionsOn, claimActions, useClaimContext } from "../../../claims/actions";
import { claimMenu } from "../../../claims/ClaimActions";
import { filterClaims } from "../../../claims/filter";
import { DEFAULT_PROJECT, scopeOfProject } from "../../../api/scope";
import { folderTree, inFolder } from "../tree";
import { actByKey } from "../../../ui/action";
import { BulkBar } from "../../../ui/BulkBar";
import { FilterBox } from "../../../ui/FilterBox";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { Refusal } from "../../../ui/Refusal";
import { useNarrow } from "../../../ui/useNarrow";
import { useSearch } from "../../../ui/useSearch";
import { ThingTable } from "../../../ui/ThingTable";
import { useSelection } from "../../../ui/useSelection";
import type { ListHandle } from "../../../ui/VirtualList";
import { askToLock } from "../dialogs";
import classes from "./Assets.module.css";
import { AssetsEmpty } from "./AssetsEmpty";
import { ASSET_COLUMNS, assetCard } from "./AssetRow";
import { FolderTree } from "./FolderTree";
import { sortClaims, type Sort } from "./sort";
import AssetDrawer from "./AssetDrawer";
import FolderDrawer from "./FolderDrawer";
import { WatchFolder } from "./WatchFolder";

export default function AssetsPage() {
  const narrow = useNarrow();
  const context = useClaimContext();
  const [search, change] = useSearch();
  const { data, error, refetch, isPending } = useQuery(claimsQuery);
  const [folders, setFolders] = useState(false);
  const list = useRef<ListHandle>(null);

  const filter = search.get("q") ?? "";
  const shownFilter = useDeferredValue(filter);
  const folder = search.get("folder") ?? "";
  const path = search.get("path");
  // The server's links name a project beside a filter; beside a path it says whose path that is.
  const inProject = search.get("in") ?? (path ? null : search.get("project"));
  const sortText = search.get("sort") ?? "path";

  const locks = useMemo(() => data?.claims.filter((claim) => claim.kind === "asset") ?? [], [data]);
  const tree = useMemo(() => folderTree(locks), [locks]);
  const rows = useMemo(() => {
    const here =
      inProject === null && !folder ? locks : locks.filter((claim) => inFolder(claim, inProject, folder));
    return sortClaims(filterClaims(here, shownFilter), parseSort(sortText));
  }, [locks, inProject, folder, shownFilter, sortText]);
  const inTree = inProject ? { project: inProject } : {};
  const selection = useSelection(rows, idOf);

  const open = useCallback(
    (claim: Claim) =>
      change(
        {
          path: claim.key,
          project: claim.scope === scopeOfProject(DEFAULT_PROJECT) ? null : claim.scope.replace(/^project:/, ""),
        },
        { push: true },
      ),
    [change],
  );

  const pick = (project: string | null, to: string): void => {
    change({ in: project, folder: to, project: null });
    setFolders(false);
  };
  const folderTools = <FolderTree tree={tree} project={inProject} path={folder} total={locks.length} onPick={pick} />;

  return (
    <div className="page-fill">
      <div className="page-head">
        <h1>Assets</h1>
        <span className={`${classes.summary} tabular`} role="status">
          {!data?.complete
            ? "Reading…"
            : rows.length === locks.length
            ? `${locks.length.toLocaleString()} locked`
            : `${rows.length.toLocaleString()} of ${locks.length.toLocaleString()} locked`}
        </span>
        <span style={{ flex: 1 }} />
        {inProject !== null && <WatchFolder project={inProject} folder={folder} />}
        <Button size="xs" leftSection={<IconLock size={15} />} onClick={() => askToLock(inTree)}>
          Lock a path
        </Button>
      </div>
      <div className={classes.tools}>
        <FilterBox
          value={filter}
          label="Filter the locks"
          placeholder="Path, holder, branch or comment; @name for a person"
          onChange={(q) => change({ q })}
          onDown={() => list.current?.focus()}
        />
        {narrow && (
          <Button variant="default" size="xs" h={36} aria-label="Folders" onClick={() => setFolders(true)}>
            <IconFolders size={17} />
          </Button>
        )}
      </div>
      <BulkBar
        actions={claimActions}
        subjects={selection.chosen}
        context={context}
        apart
        onClear={selection.clear}
      />
      <div className={classes.columns}>
        {!narrow && <aside className={`panel ${classes.side}`}>{folderTools}</aside>}
        <div className={`panel ${classes.table}`}>
          {error && !data && (
            <div className="panel-pad">
              <Refusal error={error} onRetry={() => void refetch()} />
            </div>
          )}
          {(isPending || (rows.length === 0 && data && !data.complete)) && <ListSkeleton />}
          {data?.complete && rows.length === 0 && (
            <AssetsEmpty
              filter={shownFilter}
              project={inProject}
              folder={folder}
              anything={locks.length > 0}
              onClear={() => change({ q: null, folder: null, in: null, project: null })}
            />
          )}
          {data && rows.length > 0 && (
            <ThingTable
              handle={list}
              label="Locked assets"
              items={rows}
              idOf={idOf}
              nameOf={nameOf}
              columns={ASSET_COLUMNS}
              gridClass={classes.grid}
              card={assetCard}
              heightOf={heightOf}
              menu={claimMenu}
              isMine={(claim) => !narrow && claim.holder === context.me}
              selection={selection}
              sort={sortText}
              onSort={(sort) => change({ sort: sort === "path" ? null : sort })}
              onOpen={open}
              onKey={(key, claim) => actByKey(actionsOn(claim), key, claim, context)}
            />
          )}
        </div>
      </div>
      {path && (
        <AssetDrawer
          path={path}
          project={search.get("project") ?? DEFAULT_PROJECT}
          onClose={() => change({ path: null, project: null })}
        />
      )}
      {folders && <FolderDrawer onClose={() => setFolders(false)}>{folderTools}</FolderDrawer>}
    </div>
  );
}

function idOf(claim: Claim): string {
  return claim.id;
}

function nameOf(claim: Claim): string {
  return claim.label;
}

function heightOf(_: Claim, narrow: boolean): number {
  return narrow ? 86 : 40;
}

function parseSort(text: string): Sort {
  const down = text.startsWith("-");
  return { by: (down ? text.slice(1) : text) as Sort["by"], down };
}
