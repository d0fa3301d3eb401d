import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Machine } from "../../../api/types";
import { Problem } from "../../../api/problem";
import { visible } from "../../../ui/names";
import { At } from "../../../ui/Time";
import { previewQuery, type Asked } from "../queries";
import { machineLook } from "../states";
import classes from "./Dialogs.module.css";

const SHOWN_MAX = 6;

function some(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX).join(", ");
  return names.length > SHOWN_MAX ? `${shown} and ${names.length - SHOWN_MAX} more` : shown;
}

/** What is free for the request as it is typed. */
export function Availability({ asked }: { asked: Asked | null }) {
  const [settled] = useDebouncedValue(asked, 250);
  const { data, error } = useQuery({
    ...previewQuery(settled ?? { count: 1, tags: "", minutes: 60 }),
    enabled: settled !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (!asked || !settled) return <p className={classes.availability}>&nbsp;</p>;
  if (error) {
    return (
      <p className={classes.availability} data-tone={error instanceof Problem && error.status === 400 ? "soon" : "bad"} role="status">
        {error.message}
      </p>
    );
  }
  if (!data) return <p className={classes.availability}>Looking…</p>;
  const { available, names, estimate, obstacle } = data;
  const enough = available >= settled.count;
  return (
    <p className={classes.availability} data-tone={enough ? "good" : "soon"} role="status">
      <strong>
        {available === 0 ? "None is free" : `${available.toLocaleString()} ${available === 1 ? "is" : "are"} free`}
      </strong>
      {names.length > 0 && <span>: {some(names)}</span>}
      {!enough && (
        <span>
          {estimate ? (
            <>
              . In line you would have {settled.count === 1 ? "one" : `${settled.count}`} about <At at={estimate} />.
            </>
          ) : (
            `. ${obstacle ? visible(obstacle) : "When there will be enough cannot be told."}`
          )}
        </span>
      )}
    </p>
  );
}

/** The same for machines chosen by name. */
export function NamesAvailability({ names, machines }: { names: readonly string[]; machines: readonly Machine[] }) {
  const chosen = machines.filter(({ name }) => names.includes(name));
  const taken = chosen.filter(({ state }) => state !== "free");
  if (names.length === 0) return <p className={classes.availability}>&nbsp;</p>;
  return (
    <p className={classes.availability} data-tone={taken.length ? "soon" : "good"} role="status">
      {taken.length === 0 ? (
        <strong>{chosen.length === 1 ? "It is free" : `All ${chosen.length} are free`}</strong>
      ) : (
        taken.slice(0, SHOWN_MAX).map((machine, index) => (
          <span key={machine.name}>
            {index > 0 && "; "}
            {machine.name}: {machine.holder ? `${machine.holder} has it` : machineLook(machine.state).label.toLowerCase()}
            {machine.reserved_until && (
              <>
                {" "}
                until <At at={machine.reserved_until} />
              </>
            )}
          </span>
        ))
      )}
    </p>
  );
}
