import { useQuery } from "@tanstack/react-query";
import type { MachineOutput } from "../../../api/types";
import { ListState } from "../../../ui/ListState";
import { Ago } from "../../../ui/Time";
import { machineOutputQuery } from "../queries";
import classes from "./Machine.module.css";

const WORDS: Record<string, string> = {
  create: "Making an account",
  remove: "Removing an account",
  check: "Looking at it",
  enroll: "Enrolling it",
  reset: "The reset command",
};

/** What the last run on a machine said; the server has masked secrets. */
export function Output({ name }: { name: string }) {
  const query = useQuery(machineOutputQuery(name));
  const { data } = query;
  return (
    <section>
      <h2 className={classes.heading}>What the last run said</h2>
      <ListState query={query} />
      {data && <RunText run={data} />}
    </section>
  );
}

/** One run: what it did, when, how that ended, and what it said. */
export function RunText({ run: { at, output, problem, what } }: { run: MachineOutput }) {
  if (what === null) return <p className={classes.note}>Nothing has run on it yet.</p>;
  return (
    <>
      <p className={classes.note}>
        {WORDS[what] ?? what}
        {at && (
          <>
            , <Ago at={at} />
          </>
        )}
        {problem ? `: ${problem.replaceAll("_", " ")}` : ": done"}
      </p>
      {output.trim() && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, which the keyboard must reach
        <pre className={classes.output} tabIndex={0}>
          {output}
        </pre>
      )}
    </>
  );
}
