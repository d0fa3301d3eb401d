import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { clashesQuery } from "../../api/queries";
import { ScopeMark, ThingName } from "../../claims/ClaimParts";
import { Person } from "../../ui/Person";
import { Refusal } from "../../ui/Refusal";
import { Ago } from "../../ui/Time";
import classes from "./Admin.module.css";

/** Locks whose paths differ only in spelling: on many disks these are one file. */
export function Clashes() {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(clashesQuery);
  if (error) return <Refusal error={error} />;
  const clashes = data?.pages.flatMap((page) => page.clashes) ?? [];
  if (!clashes.length && !hasNextPage) return null;
  return (
    <section className={`panel panel-pad ${classes.part}`} aria-labelledby="clashes">
      <h2 id="clashes">Locks that differ only in spelling</h2>
      <p className={classes.settingText}>
        On many disks each of these is one file. They are older than the rule that refuses them, or in a project that only
        warns. Ask all but one of the holders to release.
      </p>
      {clashes.map(({ claims }) => (
        <ul key={claims[0]!.id} className={classes.clash}>
          {claims.map((claim) => (
            <li key={claim.id}>
              <ThingName claim={claim} />
              <ScopeMark scope={claim.scope} />
              <Person name={claim.holder} />
              <span className={classes.summary}>
                since <Ago at={claim.acquired_at} />
              </span>
            </li>
          ))}
        </ul>
      ))}
      {hasNextPage && (
        <>
          <p className={classes.settingText}>
            {clashes.length ? "There may be more: not" : "None so far, but not"} all locks have been looked at.
          </p>
          <div>
            <Button size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Look further
            </Button>
          </div>
        </>
      )}
    </section>
  );
}
