import { Button, SegmentedControl } from "@mantine/core";
import { IconFileImport, IconPlus, IconSearchOff, IconServer2, IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo, useRef } from "react";
import type { Machine } from "../../../api/types";
import { show } from "../../../overlays/overlays";
import { actByKey } from "../../../ui/action";
import { BulkBar } from "../../../ui/BulkBar";
import { Empty } from "../../../ui/Empty";
import { FilterBox } from "../../../ui/FilterBox";
import { useGo } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { ThingTable } from "../../../ui/ThingTable";
import { useNarrow } from "../../../ui/useNarrow";
import { useSearch } from "../../../ui/useSearch";
import { useSelection } from "../../../ui/useSelection";
import type { ListHandle } from "../../../ui/VirtualList";
import { usePoolContext } from "../actions/context";
import { allActions, machineActions } from "../actions/machines";
import { askToReserve } from "../dialogs";
import { InventoryDialog } from "../dialogs/InventoryDialog";
import { MachineDialog } from "../dialogs/MachineDialog";
import { filterMachines, sortMachines } from "../filter";
import { useFollowMachines } from "../follow";
import { machineLink } from "../links";
import { machinesQuery } from "../queries";
import { isInGroup, STATE_GROUPS } from "../states";
import { MACHINE_COLUMNS, machineCard } from "./columns";
import { machineMenu } from "./MachineMenu";
import classes from "./Machines.module.css";
import { Timeline } from "./Timeline";

const NONE: Machine[] = [];

export function MachinesPage() {
  useFollowMachines();
  const narrow = useNarrow();
  const go = useGo();
  const context = usePoolContext();
  const [search, change] = useSearch();
  const query = useQuery(machinesQuery);
  const list = useRef<ListHandle>(null);

  const filter = search.get("q") ?? "";
  const shownFilter = useDeferredValue(filter);
  const group = search.get("state");
  const sort = search.get("sort") ?? "name";
  const timeline = search.get("view") === "timeline";
  const all = query.data ?? NONE;
  const rows = useMemo(
    () => sortMachines(filterMachines(all, shownFilter).filter((machine) => isInGroup(machine, group)), sort),
    [all, shownFilter, group, sort],
  );
  const selection = useSelection(rows, nameOf);
  const open = useCallback((machine: Machine) => go(machineLink(machine.name)), [go]);

  return (
    <div className="page-fill">
      <div className="page-head">
        <h1>Machines</h1>
        {query.data && <Summary all={all} shown={rows} />}
        <span style={{ flex: 1 }} />
        {context.admin && (
          <>
            <Button size="xs" variant="default" px={narrow ? 8 : undefined} aria-label="Inventory" leftSection={narrow ? undefined : <IconFileImport size={15} />} onClick={() => show(<InventoryDialog />)}>
              {narrow ? <IconFileImport size={16} /> : "Inventory"}
            </Button>
            <Button size="xs" variant="default" px={narrow ? 8 : undefined} aria-label="Register a machine" leftSection={narrow ? undefined : <IconPlus size={15} />} onClick={() => show(<MachineDialog />)}>
              {narrow ? <IconPlus size={16} /> : "Register"}
            </Button>
          </>
        )}
        <Button size="xs" leftSection={<IconTerminal2 size={15} />} onClick={() => askToReserve()}>
          Reserve
        </Button>
      </div>
      <div className={classes.tools}>
        <FilterBox
          value={filter}
          label="Filter the machines"
          placeholder="Name, tag, address; @name for a person, tag:gpu, !word for not"
          onChange={(q) => change({ q })}
          onDown={() => list.current?.focus()}
        />
        <SegmentedControl
          size="xs"
          value={group ?? ""}
          aria-label="State"
          data={[{ value: "", label: "All" }, ...Object.entries(STATE_GROUPS).map(([value, { label }]) => ({ value, label }))]}
          onChange={(state) => change({ state })}
        />
        <SegmentedControl
          size="xs"
          value={timeline ? "timeline" : ""}
          aria-label="View"
          data={[
            { value: "", label: "Table" },
            { value: "timeline", label: "Timeline" },
          ]}
          onChange={(view) => change({ view, ...(view ? {} : { span: null, from: null }) })}
        />
      </div>
      {!timeline && <BulkBar actions={machineActions} subjects={selection.chosen} context={context} apart onClear={selection.clear} />}
      <div className={`panel ${classes.table}`}>
        <ListState query={query} />
        {query.data && rows.length === 0 && (
          <Nothing anything={all.length > 0} admin={context.admin} onClear={() => change({ q: null, state: null })} />
        )}
        {rows.length > 0 && timeline && <Timeline machines={rows} />}
        {rows.length > 0 && !timeline && (
          <ThingTable
            handle={list}
            label="Machines of the pool"
            items={rows}
            idOf={nameOf}
            nameOf={nameOf}
            columns={MACHINE_COLUMNS}
            gridClass={classes.grid}
            card={machineCard}
            heightOf={heightOf}
            menu={machineMenu}
            isMine={(machine) => machine.holder === context.me}
            selection={selection}
            sort={sort}
            onSort={(next) => change({ sort: next === "name" ? null : next })}
            onOpen={open}
            onKey={(key, machine) => actByKey(allActions, key, machine, context)}
          />
        )}
      </div>
    </div>
  );
}

function nameOf(machine: Machine): string {
  return machine.name;
}

function heightOf(_machine: Machine, narrow: boolean): number {
  return narrow ? 66 : 40;
}

function Summary({ all, shown }: { all: readonly Machine[]; shown: readonly Machine[] }) {
  const free = shown.filter(({ state }) => state === "free").length;
  const many = shown.length === all.length ? `${all.length.toLocaleString()}` : `${shown.length.toLocaleString()} of ${all.length.toLocaleString()}`;
  return (
    <span className={`${classes.summary} tabular`} role="status">
      {many}, {free.toLocaleString()} free
    </span>
  );
}

function Nothing({ anything, admin, onClear }: { anything: boolean; admin: boolean; onClear: () => void }) {
  if (anything) {
    return (
      <Empty Icon={IconSearchOff} title="No machine like that" action={<Button onClick={onClear}>Show all machines</Button>}>
        Shorter words find more. A tag is found by its name, a person by @name.
      </Empty>
    );
  }
  return (
    <Empty
      Icon={IconServer2}
      title="The pool is empty"
      action={admin && <Button onClick={() => show(<MachineDialog />)}>Register a machine</Button>}
    >
      {admin
        ? "Register a host that you reach over SSH, or import a file with many."
        : "An administrator registers machines; you see those that you may reserve."}
    </Empty>
  );
}
