import { useQuery } from "@tanstack/react-query";
import { ActionButton } from "../../../ui/ActionButton";
import { sizeText } from "../../../ui/bytes";
import { Countdown } from "../../../ui/Countdown";
import { visible } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { StateMark } from "../../../ui/StateMark";
import { Ago, At, Until } from "../../../ui/Time";
import type { DesktopContext } from "../actions/context";
import { desktopActions } from "../actions/desktop";
import { usageQuery } from "../queries";
import { desktopLook, shortName } from "../states";
import type { Desktop } from "../types";
import classes from "./Desktops.module.css";

/** One desktop: what it does, until when, who sees it, and what can be done with it. */
export function DesktopCard({ desktop, context }: { desktop: Desktop; context: DesktopContext }) {
  const { name, holder, state, progress, reason, controller, views } = desktop;
  const mine = holder === context.me;
  return (
    <article className={`panel ${classes.card}`} aria-label={shortName(name)}>
      <div className={classes.top}>
        <h2 className={classes.title} title={name}>
          {shortName(name)}
        </h2>
        <StateMark look={desktopLook(state)} />
        {(state === "starting" || state === "stopping") && progress && (
          <span className={classes.quiet} role="status">
            {visible(progress)}
          </span>
        )}
      </div>
      <div className={classes.facts}>
        {!mine && <Person name={holder} />}
        <span>{desktop.configuration ? visible(desktop.configuration) : "Default configuration"}</span>
        {!desktop.persistent_home && <span>home not kept</span>}
        {desktop.volume && <span className="mono">{desktop.volume}</span>}
        <When desktop={desktop} />
        {state === "running" && (mine || context.admin) && <InUse name={name} />}
        {views > 0 && (
          <span>
            {views === 1 ? "1 viewer" : `${views} viewers`}
            {controller && `, ${controller} in control`}
          </span>
        )}
      </div>
      {desktop.end_text && (state === "running" || state === "starting") && <p className={classes.line}>{visible(desktop.end_text)}</p>}
      {desktop.queue_position !== null && state === "queued" && (
        <p className={classes.line}>
          Number {desktop.queue_position} in line.{" "}
          {desktop.expected_at && (
            <>
              Room is expected about <At at={desktop.expected_at} />.
            </>
          )}
        </p>
      )}
      {reason && (
        <p className={classes.line} data-bad={state === "failed" || undefined}>
          {visible(reason)}
        </p>
      )}
      <div className={classes.buttons}>
        {desktopActions.map((action) => (
          <ActionButton key={action.name} action={action} subject={desktop} context={context} variant={action.main ? "light" : "default"} />
        ))}
      </div>
    </article>
  );
}

function When({ desktop }: { desktop: Desktop }) {
  const { state, ends_at: end, stopped_at: stopped, keep_until: kept, created_at: made } = desktop;
  if ((state === "running" || state === "starting") && end) return <Countdown at={end} />;
  if (state === "stopped" && kept) {
    return (
      <span>
        goes <Until at={kept} />
      </span>
    );
  }
  if (stopped) {
    return (
      <span>
        stopped <Ago at={stopped} />
      </span>
    );
  }
  return (
    <span>
      made <Ago at={made} />
    </span>
  );
}

function InUse({ name }: { name: string }) {
  const { data } = useQuery(usageQuery(name));
  if (!data || (data.memory_bytes === null && data.cpu_cores === null)) return null;
  const words = [
    ...(data.cpu_cores === null ? [] : [`${data.cpu_cores.toFixed(1)} CPU`]),
    ...(data.memory_bytes === null ? [] : [sizeText(data.memory_bytes)]),
  ];
  return <span title="In use now">{words.join(", ")}</span>;
}
