import { Button, Select } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useState } from "react";
import { FilterBox } from "../../../ui/FilterBox";
import { useNarrow } from "../../../ui/useNarrow";
import { valuesOf, type Filter } from "../board";
import type { Part } from "../types";
import classes from "./Kanban.module.css";

interface Props {
  filter: Filter;
  parts: readonly Part[];
  onChange: (changes: Record<string, string | null>) => void;
}

const DUE = [
  { value: "over", label: "Late" },
  { value: "soon", label: "Late or due in 2 days" },
  { value: "dated", label: "With a due date" },
];
const MARKS = [
  { value: "blocked", label: "Blocked" },
  { value: "recheck", label: "New revision" },
  { value: "rework", label: "Rework" },
];

/** What the board leaves out. It answers at once, and lives in the address. */
export function BoardFilters({ filter, parts, onChange }: Props) {
  const narrow = useNarrow();
  const [open, setOpen] = useState(false);
  const { people, processes } = valuesOf(parts);
  const used = [filter.person, filter.process, filter.due, filter.marks].filter((one) => one !== null).length;
  const withOwn = (values: string[], own: string | null): string[] =>
    own === null || own === "-" || values.includes(own) ? values : [own, ...values];
  const selects = [
    {
      name: "person",
      label: "Person",
      data: [{ value: "-", label: "Nobody" }, ...withOwn(people, filter.person).map((value) => ({ value, label: value }))],
    },
    { name: "process", label: "Process", data: withOwn(processes, filter.process).map((value) => ({ value, label: value })) },
    { name: "due", label: "Due", data: DUE },
    { name: "marks", label: "Mark", data: MARKS },
  ] as const;
  return (
    <div className={classes.tools}>
      <FilterBox
        value={filter.text}
        label="Filter the parts"
        placeholder={narrow ? "Filter the parts" : "Filter by name, number, material, person…"}
        onChange={(q) => onChange({ q })}
        onDown={() => document.querySelector<HTMLElement>("[data-part] a")?.focus()}
      />
      {narrow && (
        <Button
          size="sm"
          variant="default"
          px={10}
          aria-label="More filters"
          aria-expanded={open}
          onClick={() => setOpen((now) => !now)}
        >
          <IconFilter size={16} aria-hidden /> {used > 0 && used}
        </Button>
      )}
      {(!narrow || open) &&
        selects.map(({ name, label, data }) => (
          <Select
            key={name}
            className={classes.select}
            aria-label={label}
            placeholder={label}
            clearable
            clearButtonProps={{ "aria-label": `Any ${label.toLowerCase()}` }}
            searchable={data.length > 8}
            nothingFoundMessage="None on the board"
            data={data}
            value={filter[name]}
            onChange={(value) => onChange({ [name]: value })}
          />
        ))}
    </div>
  );
}
