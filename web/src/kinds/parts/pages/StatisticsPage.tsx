import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { Avatar } from "../../../ui/Person";
import { COLUMNS } from "../board";
import { shownNumber } from "../figures";
import { statsQuery } from "../queries";
import type { ShopStats } from "../types";
import { CATEGORY_WORDS, reasonWord } from "../words";
import { Bars, Columns } from "./Charts";
import { ShopHead } from "./ShopHead";
import classes from "./Statistics.module.css";
import { useProject } from "./useProject";

/** What the shop has done, and who. */
export default function StatisticsPage() {
  const { project } = useProject();
  const query = useQuery(statsQuery(project));
  return (
    <div>
      <ShopHead title="Statistics" />
      {query.data ? <Panels stats={query.data} /> : <ListState query={query} />}
    </div>
  );
}

function Panels({ stats }: { stats: ShopStats }) {
  const { made, scrapped, wanted } = stats.quantities;
  const rate = made + scrapped > 0 ? (scrapped / (made + scrapped)) * 100 : null;
  const open = stats.total - (stats.by_category.completed ?? 0);
  return (
    <div className={classes.page}>
      <dl className={`panel ${classes.sums}`}>
        <Sum word="parts" value={shownNumber(stats.total)} />
        <Sum word="open" value={shownNumber(open)} />
        <Sum word="taken" value={shownNumber(stats.assignment.assigned)} />
        <Sum word="late" value={shownNumber(stats.overdue)} bad={stats.overdue > 0} />
        <Sum word="blocked" value={shownNumber(stats.blocked)} bad={stats.blocked > 0} />
        <Sum word={`pieces of ${shownNumber(wanted)} made`} value={shownNumber(made)} />
        <Sum word="of all pieces scrapped" value={rate === null ? "none" : `${shownNumber(rate, 1)} %`} />
        {stats.hours.average !== null && <Sum word="hours from taken to done, on average" value={shownNumber(stats.hours.average, 1)} />}
      </dl>
      <div className={classes.panels}>
        <Panel title="Leaderboard">
          <Bars
            label="Leaderboard"
            rows={stats.leaderboard.map(({ name, score }) => ({
              name: visible(name),
              value: score,
              text: shownNumber(score, 1),
              before: <Avatar name={name} size={20} />,
            }))}
            empty="Nobody has finished a part yet."
          />
        </Panel>
        <Panel title="Finished per week">
          <Columns
            label="Parts finished per week"
            points={stats.per_week.map(({ week, completed }) => ({ name: week, short: week.slice(week.indexOf("-") + 1), value: completed }))}
            empty="Nothing is finished yet."
          />
        </Panel>
        <Panel title="Where the parts are">
          <Bars
            label="Parts by board"
            rows={COLUMNS.map((category) => {
              const value = stats.by_category[category] ?? 0;
              return { name: CATEGORY_WORDS[category], value, text: shownNumber(value) };
            })}
          />
        </Panel>
        <Panel title="Why pieces were scrapped">
          <Bars
            label="Scrapped pieces by reason"
            rows={Object.entries(stats.scrap_reasons)
              .sort(([, a], [, b]) => b - a)
              .map(([name, value]) => ({ name: reasonWord(name), value, text: shownNumber(value), bad: true }))}
            empty="Nothing was scrapped."
          />
        </Panel>
        <Panel title="Who has made what">
          <Bars
            label="Pieces made by person"
            rows={stats.contributors.map(({ name, made: pieces, completed }) => ({
              name: visible(name),
              value: pieces,
              text: `${shownNumber(pieces)} ${pieces === 1 ? "piece" : "pieces"}, ${shownNumber(completed)} ${completed === 1 ? "part" : "parts"}`,
              before: <Avatar name={name} size={20} />,
            }))}
            empty="Nothing is counted yet."
          />
        </Panel>
        <Panel title="From taken to done">
          <Bars
            label="Parts by the time they took"
            rows={Object.entries(stats.hours.distribution).map(([name, value]) => ({ name, value, text: shownNumber(value) }))}
            empty="Nothing is finished yet."
          />
        </Panel>
      </div>
    </div>
  );
}

function Sum({ word, value, bad }: { word: string; value: string; bad?: boolean }) {
  return (
    <div data-bad={bad || undefined}>
      <dt>{word}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={`panel ${classes.panel}`}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
