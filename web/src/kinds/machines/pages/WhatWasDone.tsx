import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ListState } from "../../../ui/ListState";
import { reservationOutputQuery } from "../queries";
import { RunText } from "./Output";
import classes from "./Reservations.module.css";

/** What was done last on each machine of a reservation, and what that said; read once it is opened. */
export function WhatWasDone({ id, of }: { id: string; of: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details className={classes.more} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What was done on {of === 1 ? "it" : "them"}</summary>
      {open && <Outputs id={id} />}
    </details>
  );
}

function Outputs({ id }: { id: string }) {
  const query = useQuery(reservationOutputQuery(id));
  return (
    <>
      <ListState query={query} />
      {query.data?.machines.map((run) => (
        <section key={run.machine} aria-label={run.machine}>
          <h3 className={`mono ${classes.machineName}`}>{run.machine}</h3>
          <RunText run={run} />
        </section>
      ))}
    </>
  );
}
