import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { projectsQuery } from "../../../api/queries";
import { hrefOf, Link } from "../../../ui/Link";
import { NavCount } from "../../../ui/NavCount";
import { useNarrow } from "../../../ui/useNarrow";
import { useSearch } from "../../../ui/useSearch";
import { columnQuery } from "../queries";
import classes from "./ShopHead.module.css";
import { inProject, useProject } from "./useProject";

const TABS = [
  { to: "/parts", label: "Board" },
  { to: "/parts/review", label: "Review" },
  { to: "/parts/shop", label: "Shop mode" },
  { to: "/parts/statistics", label: "Statistics" },
  { to: "/parts/settings", label: "Settings" },
];

/** What all pages of the shop begin with: which project, and where else to go. `children` are the page's buttons. */
export function ShopHead({ title, children }: { title: string; children?: ReactNode }) {
  const { project, name } = useProject();
  const [, change] = useSearch();
  const narrow = useNarrow();
  const { data: projects = [] } = useQuery(projectsQuery);
  const { data: review } = useQuery(columnQuery(project, "review"));
  const path = useRouterState({ select: (state) => state.location.pathname });
  const names = [...new Set([...(name ? [name] : []), ...projects.map((one) => one.name)])].sort((a, b) => a.localeCompare(b));
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        {names.length > 1 && (
          <Select
            size="xs"
            w={narrow ? 124 : 170}
            aria-label="Project"
            allowDeselect={false}
            searchable={names.length > 8}
            data={names}
            value={name}
            onChange={(next) => change({ project: next, person: null, process: null }, { push: true })}
          />
        )}
        <span style={{ flex: 1 }} />
        {children}
      </div>
      <nav className={classes.tabs} aria-label="The shop">
        {TABS.map(({ to, label }) => (
          <Link key={to} to={inProject(to, project)} className={classes.tab} aria-current={path === hrefOf(to) ? "page" : undefined}>
            {label}
            {to === "/parts/review" && review && review.total > 0 && (
              <NavCount count={review.total} words={`${review.total} to review`} />
            )}
          </Link>
        ))}
      </nav>
    </>
  );
}
