import { Button, SegmentedControl } from "@mantine/core";
import { IconClipboardList, IconSearchOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { claimsQuery } from "../../claims/queries";
import type { Claim } from "../../api/types";
import { useMe } from "../../session/session";
import { boardRows, type BoardRow, type Grouping } from "../../claims/board";
import { actionsOn, useClaimContext } from "../../claims/actions";
import { filterClaims } from "../../claims/filter";
import { lazyDialog } from "../../overlays/lazyDialog";
import { heldKinds, kindOf } from "../../things/registry";
import { actByKey } from "../../ui/action";
import { Empty } from "../../ui/Empty";
import { FilterBox } from "../../ui/FilterBox";
import { Link, useGo } from "../../ui/Link";
import { ListSkeleton } from "../../ui/ListSkeleton";
import { Refusal } from "../../ui/Refusal";
import { useNarrow } from "../../ui/useNarrow";
import { useSearch } from "../../ui/useSearch";
import { ThingTable } from "../../ui/ThingTable";
import type { ListHandle } from "../../ui/VirtualList";
import classes from "./Board.module.css";
import { BOARD_COLUMNS, boardCard, BoardHeading, type Heading, narrowMenu, sameRow, wideMenu } from "./BoardRow";

const ClaimDrawer = lazyDialog(() => import("../../claims/ClaimDrawer"));

const NONE: Claim[] = [];
const CLOSED_KEY = "toolcrib-board-closed";
const GROUP_KEY = "toolcrib-board-grouping";

export default function BoardPage() {
  const me = useMe();
  const narrow = useNarrow();
  const go = useGo();
  const context = useClaimContext();
  const [search, change] = useSearch();
  const { data, error, refetch, isPending } = useQuery(claimsQuery);
  const list = useRef<ListHandle>(null);
  const [closed, toggle] = useClosed();

  const filter = search.get("q") ?? "";
  const kind = search.get("kind");
  const scope = search.get("scope") ?? "";
  const thingKey = search.get("key");
  const shownFilter = useDeferredValue(filter);
  const grouping: Grouping =
    (search.get("by") ?? localStorage.getItem(GROUP_KEY)) === "person" ? "person" : "kind";

  const claims = data?.claims ?? NONE;
  const found = useMemo(() => filterClaims(claims, shownFilter), [claims, shownFilter]);
  const rows = useMemo(
    () => boardRows(found, { me: me.username, grouping, closed }),
    [found, me.username, grouping, closed],
  );
  const heading = useCallback((row: Heading) => <BoardHeading row={row} onToggle={toggle} />, [toggle]);

  const open = (row: BoardRow): void => {
    if (row.type === "claim") go(kindOf(row.claim.kind).link(row.claim));
    else toggle(row.id);
  };

  return (
    <div className="page-fill">
      <div className="page-head">
        <h1>Board</h1>
        <Summary claims={found} filtered={shownFilter !== ""} me={me.username} complete={data?.complete ?? false} />
        <span style={{ flex: 1 }} />
        {heldKinds().map(({ name, take }) =>
          take && (
            <Button
              key={name}
              size="xs"
              variant="default"
              px={narrow ? 8 : undefined}
              aria-label={take.label}
              leftSection={narrow ? undefined : <take.Icon size={15} />}
              onClick={() => take.ask()}
            >
              {narrow ? <take.Icon size={16} /> : take.label}
            </Button>
          ),
        )}
      </div>
      <div className={classes.tools}>
        <FilterBox
          value={filter}
          label="Filter what is held"
          placeholder="Who has… a file, a person, a branch, a comment"
          onChange={(q) => change({ q })}
          onDown={() => list.current?.focus()}
        />
        <SegmentedControl
          size="xs"
          value={grouping}
          aria-label="Group by"
          data={[
            { value: "kind", label: "By kind" },
            { value: "person", label: "By person" },
          ]}
          onChange={(by) => {
            localStorage.setItem(GROUP_KEY, by);
            change({ by: by === "kind" ? null : by });
          }}
        />
      </div>
      <div className={`panel ${classes.board}`}>
        {error && !data && (
          <div className="panel-pad">
            <Refusal error={error} onRetry={() => void refetch()} />
          </div>
        )}
        {(isPending || (rows.length === 0 && data && !data.complete)) && <ListSkeleton />}
        {data?.complete && rows.length === 0 && <Nothing filter={shownFilter} />}
        {data && rows.length > 0 && (
          <ThingTable
            handle={list}
            label="Held right now"
            items={rows}
            idOf={idOf}
            nameOf={idOf}
            columns={BOARD_COLUMNS}
            gridClass={classes.grid}
            headHeight={34}
            card={boardCard}
            heading={(row) => (row.type === "claim" ? null : heading(row))}
            heightOf={rowHeight}
            menu={narrow ? narrowMenu : wideMenu}
            isMine={(row) => row.type === "claim" && row.mine}
            rowClass={rowClass}
            same={sameRow}
            onOpen={open}
            onKey={(key, row) => row.type === "claim" && actByKey(actionsOn(row.claim), key, row.claim, context)}
          />
        )}
      </div>
      {kind !== null && thingKey !== null && (
        <ClaimDrawer
          key={`${kind}/${scope}/${thingKey}`}
          kind={kind}
          scope={scope}
          thingKey={thingKey}
          onClose={() => change({ kind: null, scope: null, key: null })}
        />
      )}
    </div>
  );
}

function idOf(row: BoardRow): string {
  return row.id;
}

function rowHeight(row: BoardRow, narrow: boolean): number {
  if (row.type === "section") return 44;
  if (row.type === "person") return 40;
  return narrow ? (row.mine ? 114 : 82) : 40;
}

function rowClass(row: BoardRow): string | undefined {
  if (row.type === "claim") return undefined;
  return row.type === "section" ? classes.sectionRow : classes.personRow;
}

interface SummaryProps {
  claims: Claim[];
  filtered: boolean;
  me: string;
  complete: boolean;
}

function Summary({ claims, filtered, me, complete }: SummaryProps) {
  const people = useMemo(() => new Set(claims.map((claim) => claim.holder)).size, [claims]);
  const mine = useMemo(() => claims.filter((claim) => claim.holder === me).length, [claims, me]);
  if (!complete) return <span className={classes.summary}>Reading…</span>;
  return (
    <span className={`${classes.summary} tabular`} role="status">
      {claims.length.toLocaleString()} {filtered ? "found" : "held"}
      {claims.length > 0 && ` by ${people === 1 ? "one person" : `${people.toLocaleString()} people`}`}
      {mine > 0 && mine < claims.length && `, ${mine.toLocaleString()} by you`}
    </span>
  );
}

function Nothing({ filter }: { filter: string }) {
  const path = filter.trim();
  if (!path) {
    return (
      <Empty
        Icon={IconClipboardList}
        title="Nobody holds anything"
        action={
          <Button component={Link} to="/settings?tab=setup" variant="default">
            Set up the command line
          </Button>
        }
      >
        Lock a file with <code className="mono">toolcrib lock path/to/file</code> and it appears here, for everyone, at
        once.
      </Empty>
    );
  }
  return (
    <Empty
      Icon={IconSearchOff}
      title={`Nobody holds “${path}”`}
      action={
        <span style={{ display: "flex", gap: 8, flexWrap: "wrap", justifyContent: "center" }}>
          {heldKinds().map(({ name, take }) =>
            take && (
              <Button key={name} onClick={() => take.ask(path)}>
                {take.itLabel}
              </Button>
            ),
          )}
          <Button component={Link} to={`/activity?key=${encodeURIComponent(path)}`} variant="default">
            Who had it before?
          </Button>
        </span>
      }
    >
      It is free to take, if that is the whole path. Shorter words find more.
    </Empty>
  );
}

function useClosed(): [ReadonlySet<string>, (id: string) => void] {
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => {
    try {
      return new Set(JSON.parse(localStorage.getItem(CLOSED_KEY) ?? "[]") as string[]);
    } catch {
      return new Set();
    }
  });
  const toggle = useCallback((id: string) => {
    setClosed((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      localStorage.setItem(CLOSED_KEY, JSON.stringify([...next]));
      return next;
    });
  }, []);
  return [closed, toggle];
}
