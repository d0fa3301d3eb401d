import { Alert, Button, SegmentedControl } from "@mantine/core";
import { IconDeviceDesktop, IconPlus, IconSettings } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { Empty } from "../../../ui/Empty";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { useSearch } from "../../../ui/useSearch";
import { useDesktopContext, type DesktopContext } from "../actions/context";
import { askToStart } from "../dialogs";
import { SETUP } from "../links";
import { desktopsQuery, type Whose } from "../queries";
import { sortDesktops } from "../states";
import type { Desktop } from "../types";
import { DesktopCard } from "./DesktopCard";
import classes from "./Desktops.module.css";
import { Gallery } from "./Gallery";
import { LimitsLine } from "./LimitsLine";

/** The person's desktops, those shared with them, and what can be started. */
export function DesktopsPage() {
  const context = useDesktopContext();
  const [search, change] = useSearch();
  const whose: Whose = search.get("view") === "all" && context.admin ? "all" : "mine";
  const query = useQuery(desktopsQuery(whose));
  const { desktops = [], limits } = query.data ?? {};
  const own = desktops.filter(({ holder }) => whose === "all" || holder === context.me);
  const shared = whose === "all" ? [] : desktops.filter(({ holder }) => holder !== context.me);
  return (
    <div className="page-scroll">
      <div className={classes.head}>
        <h1>Desktops</h1>
        {context.admin && (
          <SegmentedControl
            size="xs"
            value={whose}
            aria-label="Whose desktops"
            data={[
              { value: "mine", label: "Mine" },
              { value: "all", label: "Everybody’s" },
            ]}
            onChange={(next) => change({ view: next === "mine" ? null : next })}
          />
        )}
        {limits && <LimitsLine limits={limits} />}
        <span style={{ flex: 1 }} />
        {context.admin && (
          <Link to={SETUP} className={classes.setup}>
            <IconSettings size={15} /> Setup
          </Link>
        )}
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => askToStart()}>
          Start
        </Button>
      </div>
      {limits?.problem && (
        <Alert color="yellow" variant="light" title="No desktop can be started" className={classes.problem}>
          {limits.problem}
        </Alert>
      )}
      <ListState query={query} />
      {query.data && own.length === 0 && (
        <div className={`panel ${classes.list}`}>
          <Empty Icon={IconDeviceDesktop} title={whose === "mine" ? "You have no desktops" : "Nobody has a desktop"} action={<Button onClick={() => askToStart()}>Start a desktop</Button>}>
            One runs on the server and is seen here, in the browser. Its home is kept for the next time.
          </Empty>
        </div>
      )}
      <Cards desktops={own} context={context} label={whose === "all" ? "Everybody’s desktops" : "Your desktops"} wanted={search.get("name")} />
      {shared.length > 0 && (
        <section>
          <h2 className={classes.subhead}>Shared with you</h2>
          <Cards desktops={shared} context={context} label="Desktops shared with you" wanted={search.get("name")} />
        </section>
      )}
      <Gallery />
    </div>
  );
}

interface CardsProps {
  desktops: readonly Desktop[];
  context: DesktopContext;
  label: string;
  /** The name that the address has. */
  wanted: string | null;
}

function Cards({ desktops, context, label, wanted }: CardsProps) {
  return (
    <ol className={classes.list} aria-label={label}>
      {sortDesktops(desktops).map((desktop) => (
        <Wanted key={desktop.name} here={desktop.name === wanted}>
          <DesktopCard desktop={desktop} context={context} />
        </Wanted>
      ))}
    </ol>
  );
}

/** The card that an address names is brought into view. */
function Wanted({ here, children }: { here: boolean; children: ReactNode }) {
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (here) item.current?.scrollIntoView({ block: "nearest" });
  }, [here]);
  return (
    <li ref={item} data-wanted={here || undefined}>
      {children}
    </li>
  );
}
