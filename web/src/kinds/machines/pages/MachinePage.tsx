import { Alert } from "@mantine/core";
import { IconAlertTriangle, IconArrowLeft, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";
import { thingHistoryQuery } from "../../../api/queries";
import { scopeLabel } from "../../../api/scope";
import type { Machine } from "../../../api/types";
import { ThingHistory } from "../../../things/ThingHistory";
import { ActionButton } from "../../../ui/ActionButton";
import { Chip } from "../../../ui/Chip";
import { CopyLine } from "../../../ui/CopyLine";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { Ago } from "../../../ui/Time";
import { acceptKey } from "../actions/acceptKey";
import { check } from "../actions/check";
import { usePoolContext, type PoolContext } from "../actions/context";
import { edit } from "../actions/edit";
import { maintenance } from "../actions/maintenance";
import { reserve } from "../actions/reserve";
import { factLines } from "../facts";
import { machineLink } from "../links";
import { machineQuery } from "../queries";
import { knownHostsLine } from "../ssh";
import { Holds } from "./Holds";
import classes from "./Machine.module.css";
import { MachineHolder } from "./MachineHolder";
import { MachineMenu } from "./MachineMenu";
import { Output } from "./Output";
import { MachineState, Online } from "./StateMark";

/** One machine: what it is, who has it, who had it, and what administrators do with it. */
export function MachinePage() {
  const { name = "" } = useParams({ strict: false });
  const query = useQuery(machineQuery(name));
  const context = usePoolContext();
  useEffect(() => {
    document.title = `${name} · Toolcrib`;
  }, [name]);
  return (
    <div className="page-scroll" key={name}>
      <Link to="/machines" className={classes.back}>
        <IconArrowLeft size={15} aria-hidden /> Machines
      </Link>
      {query.data ? <Details machine={query.data} context={context} /> : <h1 className={classes.title}>{visible(name)}</h1>}
      <ListState query={query} />
    </div>
  );
}

function Details({ machine, context }: { machine: Machine; context: PoolContext }) {
  const { name, scope } = machine;
  const reason = reasonOf(machine);
  const history = useQuery(thingHistoryQuery({ kind: "machine", scope, key: name }));
  const about = { subject: machine, context };
  return (
    <>
      <div className={classes.head}>
        <h1 className={classes.title}>
          <IconServer2 size={21} stroke={1.6} aria-hidden />
          <span className="mono">{name}</span>
        </h1>
        <MachineState machine={machine} />
        <Online machine={machine} />
        <span style={{ flex: 1 }} />
        <ActionButton action={reserve} {...about} variant="filled" />
        <ActionButton action={check} {...about} />
        <ActionButton action={edit} {...about} />
        <ActionButton action={maintenance} {...about} />
        <MachineMenu machine={machine} />
      </div>
      <div className={classes.alerts}>
        {reason && !machine.offered_host_key && (
          <Alert role="status" color={machine.state === "quarantined" ? "red" : "yellow"} icon={<IconAlertTriangle size={18} />} styles={{ message: { color: "var(--mantine-color-text)" } }}>
            {visible(reason)}
          </Alert>
        )}
        {machine.offered_host_key && <ChangedKey machine={machine} context={context} />}
      </div>
      <div className={classes.columns}>
        <div className={classes.column}>
          <MachineHolder machine={machine} context={context} />
          <Facts machine={machine} admin={context.admin} />
          {context.admin && <Output name={name} />}
        </div>
        <div className={classes.column}>
          <Holds name={name} />
          <ThingHistory query={history} />
        </div>
      </div>
    </>
  );
}

/** Why it is out of service, or will be once it is given back. */
function reasonOf({ maintenance: on, reason, state }: Machine): string | null {
  if (!on || state === "maintenance" || state === "quarantined") return reason;
  return `In maintenance once it is given back${reason ? `: ${reason}` : "."}`;
}

function ChangedKey({ machine, context }: { machine: Machine; context: PoolContext }) {
  return (
    <Alert role="status" color="red" icon={<IconAlertTriangle size={18} />} title="Its host key has changed" styles={{ message: { color: "var(--mantine-color-text)" } }}>
      <p className={classes.note}>
        It is refused until an administrator accepts the new key: it was installed anew, or something else answers in its
        place.
      </p>
      <ActionButton action={acceptKey} subject={machine} context={context} />
    </Alert>
  );
}

function Facts({ machine, admin }: { machine: Machine; admin: boolean }) {
  const { checked_at: checked, host, jump, port, scope, tags } = machine;
  const hostKey = knownHostsLine(machine);
  const lines: [string, ReactNode][] = [
    ["Address", <span key="address" className="mono">{port === 22 ? host : `${host}:${port}`}</span>],
    ["For", scope ? (scopeLabel(scope) ?? scope) : "everybody"],
    ...factLines(machine.facts),
    ["Looked at", checked ? <Ago key="checked" at={checked} /> : "not yet"],
  ];
  if (jump) lines.splice(1, 0, ["Through", <Link key="jump" to={machineLink(jump)} className={classes.link}>{jump}</Link>]);
  if (admin) {
    lines.push(["Managed as", <Manager key="user" machine={machine} />]);
    lines.push(["Reset", machine.reset ?? "as the server has it"]);
    lines.push(["Homes", machine.homes === null ? "as the server has it" : machine.homes === "wipe" ? "wiped" : "archived on it"]);
  }
  return (
    <section className={`panel ${classes.section}`} aria-label="What it is">
      <dl className={classes.facts}>
        {lines.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Tags</dt>
          <dd className={classes.tags}>
            {tags.length === 0 && "none"}
            {tags.map((tag) => (
              <Link key={tag} to={`/machines?q=${encodeURIComponent(`tag:${tag}`)}`} className={classes.tag}>
                <Chip title={`Machines with ${tag}`}>{tag}</Chip>
              </Link>
            ))}
          </dd>
        </div>
      </dl>
      <h2 className={classes.subhead}>Host key</h2>
      {hostKey ? <CopyLine>{hostKey}</CopyLine> : <p className={classes.note}>It is pinned at the first contact.</p>}
    </section>
  );
}

/** How the pool itself signs in. */
function Manager({ machine }: { machine: Machine }) {
  const { has_key: key, has_password: password, sudo, user } = machine;
  const by = [password && "with a password", key && "with a key", sudo && "root by sudo"].filter(Boolean);
  return (
    <>
      <span className="mono">{user}</span>
      {by.length > 0 && `, ${by.join(", ")}`}
    </>
  );
}
