import { Button } from "@mantine/core";
import { IconTrashX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ActionButton } from "../../../ui/ActionButton";
import { visible } from "../../../ui/names";
import { Ago } from "../../../ui/Time";
import { count } from "../actions/count";
import type { PartContext } from "../actions";
import { askCount } from "../dialogs";
import { countsQuery } from "../queries";
import type { Part } from "../types";
import { reasonWord } from "../words";
import classes from "./Part.module.css";

/** How many are made and scrapped, by whom. */
export function Numbers({ part, context }: { part: Part; context: PartContext }) {
  const { data: counts = [] } = useQuery(countsQuery(part.id));
  const { made, wanted, scrapped, remaining } = part.quantities;
  const share = wanted > 0 ? Math.min(1, made / wanted) : 0;
  return (
    <section className={`panel ${classes.box}`} aria-labelledby="part-numbers">
      <h2 className={classes.boxName} id="part-numbers">
        Pieces
        <span style={{ flex: 1 }} />
        <ActionButton action={count} subject={part} context={context} />
        {count.refusal(part, context) === null && (
          <Button size="xs" variant="default" leftSection={<IconTrashX size={15} />} onClick={() => askCount(part, true)}>
            Scrap…
          </Button>
        )}
      </h2>
      <div className={classes.numbers}>
        <Big number={made} word="made" />
        <Big number={wanted} word="wanted" />
        <Big number={remaining} word="to make" />
        <Big number={scrapped} word="scrapped" bad={scrapped > 0} />
      </div>
      <div className={classes.bar} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </div>
      {counts.length > 0 && (
        <ul className={classes.counts} aria-label="What was counted">
          {counts.map((one) => (
            <li key={one.id}>
              <span>
                <strong>{one.by ?? "somebody"}</strong>
                {one.made !== 0 && ` made ${one.made}`}
                {one.made !== 0 && one.scrapped !== 0 && ","}
                {one.scrapped !== 0 && ` scrapped ${one.scrapped}`}
                {one.reason && ` (${reasonWord(one.reason)})`}
                {one.note && <span className={classes.dim}> {visible(one.note)}</span>}
              </span>
              <span className={classes.dim}>
                <Ago at={one.at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Big({ number, word, bad }: { number: number; word: string; bad?: boolean }) {
  return (
    <span className={classes.big} data-bad={bad || undefined}>
      <strong className="tabular">{number.toLocaleString()}</strong> {word}
    </span>
  );
}
