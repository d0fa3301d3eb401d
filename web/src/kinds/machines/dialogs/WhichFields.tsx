import { MultiSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useMemo, useState, type ReactNode } from "react";
import type { Machine, ReservationWish } from "../../../api/types";
import { commonTags } from "../filter";
import { machineLook } from "../states";
import { NamesAvailability } from "./Availability";
import classes from "./Dialogs.module.css";

const TAGS_SHOWN = 12;

/** Which machines: any that fit, or some by name. */
export interface Which {
  by: "any" | "name";
  count: string;
  tags: string;
  names: string[];
}

export function useWhich(known: Partial<Which> = {}): [Which, (changes: Partial<Which>) => void] {
  const [which, setWhich] = useState<Which>({ by: known.names?.length ? "name" : "any", count: "1", tags: "", names: [], ...known });
  return [which, (changes) => setWhich((now) => ({ ...now, ...changes }))];
}

export function whichProblem({ by, count, names }: Which): string | null {
  if (by === "any") return numberIn(count) === null ? "Say how many." : null;
  return names.length === 0 ? "Choose machines." : null;
}

/** What the server is told of it. */
export function whichWish({ by, count, names, tags }: Which): ReservationWish {
  if (by === "name") return { names };
  return { count: numberIn(count)!, ...(tags.trim() ? { tags: tags.trim() } : {}) };
}

/** A whole number from 1 in a text; null where it is none. */
export function numberIn(text: string): number | null {
  return /^\d{1,5}$/.test(text.trim()) && Number(text) >= 1 ? Number(text) : null;
}

interface Props {
  value: Which;
  machines: Machine[];
  /** Whether they are wanted now: then it is told which are free. */
  now: boolean;
  /** The keyboard begins here. */
  autofocus: boolean;
  /** What is free for a number and tags. */
  availability?: ReactNode;
  onChange: (changes: Partial<Which>) => void;
}

export function WhichFields({ value, machines, now, autofocus, availability, onChange }: Props) {
  const { by, count, names, tags } = value;
  const [listed, setListed] = useState(false);
  const common = useMemo(() => commonTags(machines).slice(0, TAGS_SHOWN), [machines]);
  return (
    <div className={classes.field}>
      <SegmentedControl
        size="xs"
        value={by}
        aria-label="Which machines"
        data={[
          { value: "any", label: "Any that fit" },
          { value: "name", label: "By name" },
        ]}
        onChange={(chosen) => onChange({ by: chosen as Which["by"] })}
      />
      {by === "any" ? (
        <>
          <div className={classes.countAndTags}>
            <TextInput
              label="How many"
              inputMode="numeric"
              data-autofocus={autofocus || undefined}
              required
              value={count}
              maxLength={5}
              onFocus={(event) => event.currentTarget.select()}
              onChange={(event) => onChange({ count: event.currentTarget.value })}
            />
            <TextInput
              label="With the tags"
              placeholder="any"
              spellCheck={false}
              autoComplete="off"
              value={tags}
              maxLength={500}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
              onChange={(event) => onChange({ tags: event.currentTarget.value })}
            />
          </div>
          {common.length > 0 && (
            <div className={classes.presets} role="group" aria-label="Tags to add">
              {common.map((tag) => (
                <button key={tag} type="button" className={classes.tag} onClick={() => onChange({ tags: withTag(tags, tag) })}>
                  {tag}
                </button>
              ))}
              <span className={classes.quiet}>joined by &amp;&amp;, || and !</span>
            </div>
          )}
          {now && availability}
        </>
      ) : (
        <>
          <MultiSelect
            label="Machines"
            placeholder={names.length ? undefined : "Type a name"}
            data-autofocus={autofocus || undefined}
            searchable
            hidePickedOptions
            data={options(machines)}
            value={names}
            limit={100}
            maxDropdownHeight={230}
            nothingFoundMessage="No machine by that name"
            dropdownOpened={listed}
            onDropdownOpen={() => setListed(true)}
            onDropdownClose={() => setListed(false)}
            // It would lie over the dialog's buttons. Typing or a click opens it again.
            onOptionSubmit={() => setListed(false)}
            onChange={(chosen) => onChange({ names: chosen })}
            renderOption={({ option }) => (
              <span className={classes.option}>
                <span className="mono">{option.value}</span>
                <span className={classes.quiet}>{stateOf(machines, option.value)}</span>
              </span>
            )}
          />
          {now && <NamesAvailability names={names} machines={machines} />}
        </>
      )}
    </div>
  );
}

/** Both must be there; a tag that is there already stays once. */
function withTag(text: string, tag: string): string {
  const before = text.trim();
  if (before === "") return tag;
  return before.split(/[^\w.:-]+/).includes(tag) ? before : `${before} && ${tag}`;
}

/** Those that can be had now first. */
function options(machines: readonly Machine[]): string[] {
  const names = (free: boolean): string[] => machines.filter(({ state }) => (state === "free") === free).map(({ name }) => name);
  return [...names(true), ...names(false)];
}

function stateOf(machines: readonly Machine[], name: string): string {
  const machine = machines.find((one) => one.name === name);
  if (!machine) return "";
  return machine.holder ? `${machine.holder} has it` : machineLook(machine.state).label.toLowerCase();
}
