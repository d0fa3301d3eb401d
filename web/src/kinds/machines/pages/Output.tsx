import { useQuery } from "@tanstack/react-query";
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
      {data && data.what === null && <p className={classes.note}>Nothing has run on it yet.</p>}
      {data && data.what !== null && (
        <>
          <p className={classes.note}>
            {WORDS[data.what] ?? data.what}
            {data.at && (
              <>
                , <Ago at={data.at} />
              </>
            )}
            {data.problem ? `: ${data.problem.replaceAll("_", " ")}` : ": done"}
          </p>
          {data.output.trim() && (
            // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, which the keyboard must reach
            <pre className={classes.output} tabIndex={0}>
              {data.output}
            </pre>
          )}
        </>
      )}
    </section>
  );
}
