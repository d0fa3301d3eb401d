import { Button } from "@mantine/core";
import { IconFileImport, IconPlus } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { apiUrl } from "../../../api/base";
import { query } from "../../../api/client";
import { BlockableButton } from "../../../ui/BlockableButton";
import { useNow } from "../../../ui/clock";
import { useGo } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { useNarrow } from "../../../ui/useNarrow";
import { usePageKeys } from "../../../ui/usePageKeys";
import { useSearch } from "../../../ui/useSearch";
import { writeRefusal } from "../actions/context";
import { COLUMNS, fits, ordered, type Filter } from "../board";
import { usePartContext } from "../context";
import { askImport, askNew } from "../dialogs";
import { columnQuery, firstOf } from "../queries";
import type { Category, Part, PartList } from "../types";
import { Board } from "./Board";
import { BoardEmpty } from "./BoardEmpty";
import { BoardFilters } from "./BoardFilters";
import { ShopHead } from "./ShopHead";
import { useProject } from "./useProject";

/** The parts of a project by where they are: in review, at one of the boards, done. */
export default function KanbanPage() {
  const { project, name } = useProject();
  const narrow = useNarrow();
  const go = useGo();
  const [search, change] = useSearch();
  const context = usePartContext(project);
  const now = useNow();
  const [reach, lookFurther] = useReach(project);
  const columns = useQueries({
    queries: COLUMNS.map((category) => ({
      ...columnQuery(project, category, reach[category]),
      // While more is read, what was read stays.
      placeholderData: (before: PartList | undefined, query?: { queryKey: readonly unknown[] }) =>
        query?.queryKey[2] === project ? before : undefined,
    })),
  });
  const filter: Filter = useMemo(
    () => ({
      text: search.get("q") ?? "",
      person: search.get("person"),
      process: search.get("process"),
      due: search.get("due") as Filter["due"],
      marks: search.get("marks") as Filter["marks"],
    }),
    [search],
  );
  const lists = COLUMNS.map((category, index) => ({ category, list: columns[index]!.data }));
  const all: Part[] = lists.flatMap(({ list }) => list?.parts ?? []);
  const shown = lists.map(({ category, list }) => ({
    category,
    parts: ordered((list?.parts ?? []).filter((part) => fits(part, filter, now)), category),
    loaded: list?.parts.length ?? 0,
    total: list?.total ?? 0,
  }));
  const further = COLUMNS.filter((_, index) => columns[index]!.isPlaceholderData);
  const unread = columns.find((one) => one.isPending || (one.error && !one.data));
  const refused = writeRefusal(context);
  const add = (): void => askNew(project, (part) => go(`/parts/${part.id}`));
  useAddKey(add, refused !== null);
  return (
    <div className="page-fill">
      <ShopHead title="Parts">
        {!narrow && (
          <Button component="a" size="xs" variant="subtle" href={apiUrl(`shop/export${query({ project })}`)} download>
            Export
          </Button>
        )}
        <BlockableButton
          size="xs"
          variant="default"
          reason={refused}
          px={narrow ? 8 : undefined}
          leftSection={narrow ? undefined : <IconFileImport size={15} />}
          aria-label="Import a CSV file"
          onClick={() => askImport(name ?? project)}
        >
          {narrow ? <IconFileImport size={16} /> : "Import"}
        </BlockableButton>
        <BlockableButton
          size="xs"
          reason={refused}
          px={narrow ? 8 : undefined}
          leftSection={narrow ? undefined : <IconPlus size={15} />}
          aria-label="Add a part"
          onClick={add}
        >
          {narrow ? <IconPlus size={16} /> : "Add a part"}
        </BlockableButton>
      </ShopHead>
      <BoardFilters filter={filter} parts={all} onChange={change} />
      {unread ? (
        <ListState query={unread} />
      ) : all.length === 0 && lists.every(({ list }) => list?.total === 0) ? (
        <BoardEmpty refused={refused} onAdd={add} onImport={() => askImport(name ?? project)} />
      ) : (
        <Board
          columns={shown}
          filtered={filter}
          further={further}
          onFurther={lookFurther}
          context={context}
          narrow={narrow}
          picked={(search.get("column") as Category | null) ?? "cnc"}
          onPick={(column) => change({ column })}
          onClear={() => change({ q: null, person: null, process: null, due: null, marks: null })}
        />
      )}
    </div>
  );
}

const STEP = 1000;

/** How many parts of each column are read, and a way to read more of one. Another project begins anew. */
function useReach(project: string): [Partial<Record<Category, number>>, (category: Category) => void] {
  const [reach, setReach] = useState<{ of: string; columns: Partial<Record<Category, number>> }>({ of: project, columns: {} });
  const columns = reach.of === project ? reach.columns : NO_REACH;
  const further = (category: Category): void =>
    setReach({ of: project, columns: { ...columns, [category]: (columns[category] ?? firstOf(category)) + STEP } });
  return [columns, further];
}

const NO_REACH: Partial<Record<Category, number>> = {};

/** Shift and N, as for a new folder. */
function useAddKey(add: () => void, refused: boolean): void {
  usePageKeys((event) => {
    if (event.key !== "N" || refused) return;
    event.preventDefault();
    add();
  });
}
