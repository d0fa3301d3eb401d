import { Anchor } from "@mantine/core";
import type { ReactNode } from "react";
import box from "../../../ui/box.module.css";
import { visible, visibleLines } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { Ago, At } from "../../../ui/Time";
import { useMe } from "../../../session/session";
import { holderOf } from "../actions/context";
import { shownNumber } from "../figures";
import type { Part } from "../types";
import { LAST_STEP_WORDS, PROCESS_WORDS } from "../words";
import classes from "./Part.module.css";

/** What is written about a part. */
export function Facts({ part }: { part: Part }) {
  const me = useMe();
  const holder = holderOf(part);
  const rows: (readonly [string, ReactNode])[] = [
    [
      "Holder",
      holder ? (
        <span className={classes.holder}>
          <Person name={holder} me={part.claim?.holder === me.username} />
          {part.claimed_at && (
            <span className={classes.dim}>
              since <Ago at={part.claimed_at} />
            </span>
          )}
        </span>
      ) : (
        "nobody"
      ),
    ],
    ["Material", [part.material, part.material_thickness].filter(Boolean).map((text) => visible(text!)).join(", ")],
    ["Subsystem", visible(part.subsystem)],
    ["Made by", part.type ? PROCESS_WORDS[part.type] : "not said"],
    ["Due", part.due_at && <At at={part.due_at} />],
    [
      "Reserved",
      part.materials?.length
        ? part.materials.map((one) => (
            <span key={one.id} className={classes.line}>
              {[shownNumber(one.quantity), one.unit, visible(one.name)].filter(Boolean).join(" ")}
              {one.state === "used" && <span className={classes.dim}> used</span>}
            </span>
          ))
        : null,
    ],
    [
      part.last_step ? LAST_STEP_WORDS[part.last_step] : "",
      part.last_step && part.category === "completed"
        ? part.last_step_done
          ? <>{part.last_step_done.by}, <At at={part.last_step_done.at} /></>
          : "not yet"
        : null,
    ],
    ["Author", part.author],
    ["Reviewer", part.reviewer],
    ["Project", visible(part.project)],
    ["Added", <At key="at" at={part.created_at} />],
    [
      "Onshape",
      part.onshape_url && (
        <Anchor href={part.onshape_url} target="_blank" rel="noopener noreferrer" size="sm">
          Open the document
        </Anchor>
      ),
    ],
  ];
  return (
    <section className={`panel ${classes.box}`} aria-label="About it">
      <dl className={box.facts}>
        {rows.map(
          ([term, value]) =>
            value && (
              <div key={term} style={{ display: "contents" }}>
                <dt>{term}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {part.notes && <p className={classes.notes}>{visibleLines(part.notes)}</p>}
    </section>
  );
}
