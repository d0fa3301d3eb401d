import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconDotsVertical, IconMaximize } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { ActionButton } from "../../../ui/ActionButton";
import { Countdown } from "../../../ui/Countdown";
import { MenuDropdown } from "../../../ui/Dialog";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { Person } from "../../../ui/Person";
import { StateMark } from "../../../ui/StateMark";
import { useDesktopContext, type DesktopContext } from "../actions/context";
import { desktopActions } from "../actions/desktop";
import { DESKTOPS } from "../links";
import { desktopQuery, viewsQuery } from "../queries";
import { ticketFor } from "../requests";
import { desktopLook, shortName } from "../states";
import type { Desktop, Ticket } from "../types";
import { Asking, ControlBar } from "../viewer/ControlBar";
import { DesktopScreen } from "../viewer/DesktopScreen";
import type { Over, Screen } from "../viewer/screen";
import classes from "../viewer/Viewer.module.css";

const WAITED_FOR: readonly string[] = ["queued", "starting"];
const GUEST_MS = 2_000;
const IN_THE_BAR: readonly string[] = ["extend", "share", "files", "stop"];

/** A desktop in the whole page: it opens as soon as it runs, and says why it does not. */
export function ViewPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const context = useDesktopContext();
  const query = useQuery(desktopQuery(name));
  const desktop = query.data;
  if (!desktop) {
    return (
      <div className="page-scroll">
        <ListState query={query} />
      </div>
    );
  }
  return <Viewer desktop={desktop} context={context} />;
}

function Viewer({ desktop, context }: { desktop: Desktop; context: DesktopContext }) {
  const { name, state } = desktop;
  const [ticket, setTicket] = useState<Ticket | null>(null);
  const [screen, setScreen] = useState<Screen | null>(null);
  const [over, setOver] = useState<Over | null>(null);
  const stage = useRef<HTMLDivElement>(null);
  const holder = desktop.holder === context.me;

  const open = useCallback((): void => {
    setOver(null);
    setScreen(null);
    setTicket(null);
    ticketFor(name, false).then(
      setTicket,
      (error: unknown) => setOver({ text: error instanceof Error ? error.message : String(error), again: true }),
    );
  }, [name]);

  const runs = state === "running";
  useEffect(() => {
    if (runs) open();
    else setTicket(null);
  }, [runs, open]);

  const { data: views } = useQuery({ ...viewsQuery(name, holder ? undefined : GUEST_MS), enabled: runs && screen !== null });
  const own = views?.views.find((view) => view.id === ticket?.view_id);
  const controls = own !== undefined && views?.controller?.view_id === own.id;

  return (
    <div className={`page-fill ${classes.viewer}`}>
      <div className={classes.bar}>
        <Link to={DESKTOPS} aria-label="Back to the desktops" className={classes.back}>
          <IconArrowLeft size={18} />
        </Link>
        <h1 title={name}>{shortName(name)}</h1>
        {!holder && <Person name={desktop.holder} />}
        <StateMark look={desktopLook(state)} />
        {runs && desktop.ends_at && (
          <Tooltip label={visible(desktop.end_text ?? "")} disabled={!desktop.end_text} multiline maw={320}>
            <span>
              <Countdown at={desktop.ends_at} />
            </span>
          </Tooltip>
        )}
        {own && views && <ControlBar name={name} views={views} own={own} holder={holder} />}
        <span style={{ flex: 1 }} />
        {desktopActions
          .filter((action) => IN_THE_BAR.includes(action.name))
          .map((action) => (
            <ActionButton key={action.name} action={action} subject={desktop} context={context} />
          ))}
        {screen && (
          <>
            <Tooltip label="Full screen">
              <ActionIcon variant="default" aria-label="Full screen" onClick={() => void stage.current?.requestFullscreen().then(() => screen.focus(), () => undefined)}>
                <IconMaximize size={16} />
              </ActionIcon>
            </Tooltip>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon variant="default" aria-label="More">
                  <IconDotsVertical size={16} />
                </ActionIcon>
              </Menu.Target>
              <MenuDropdown>
                <Menu.Item disabled={!controls} onClick={() => screen.sendCtrlAltDel()}>
                  Send Ctrl+Alt+Del
                </Menu.Item>
                <Menu.Item onClick={open}>Connect anew</Menu.Item>
              </MenuDropdown>
            </Menu>
          </>
        )}
      </div>
      <div className={classes.stage} ref={stage}>
        {ticket && !over && (
          <DesktopScreen
            key={ticket.ticket}
            ticket={ticket.ticket}
            by={ticket.viewer === "guacd" ? "guacd" : "vnc"}
            viewOnly={ticket.view_only || (own !== undefined && !controls)}
            copyOut={desktop.copy_out}
            pasteIn={desktop.paste_in}
            label={`Desktop ${shortName(name)}`}
            onOpen={setScreen}
            onOver={setOver}
          />
        )}
        {own && views && <Asking name={name} views={views} own={own} holder={holder} />}
        <Note desktop={desktop} context={context} over={over} opening={runs && screen === null} onOpen={open} />
      </div>
    </div>
  );
}

interface NoteProps {
  desktop: Desktop;
  context: DesktopContext;
  over: Over | null;
  opening: boolean;
  onOpen: () => void;
}

/** What stands over the screen while there is nothing to see on it. */
function Note({ desktop, context, over, opening, onOpen }: NoteProps) {
  const { state, progress, reason } = desktop;
  if (state === "running") {
    if (over) {
      return (
        <div className={classes.note} role="alert">
          <p>{over.text}</p>
          {over.again && <Button onClick={onOpen}>Connect anew</Button>}
        </div>
      );
    }
    return opening ? (
      <div className={classes.note} role="status">
        <p>Connecting…</p>
      </div>
    ) : null;
  }
  const resume = desktopActions.find((action) => action.name === "resume")!;
  return (
    <div className={classes.note} role="status">
      <p>
        {state === "queued"
          ? `It waits for room${desktop.queue_position ? `: number ${desktop.queue_position} in line` : ""}.`
          : WAITED_FOR.includes(state)
            ? `It starts${progress ? `: ${visible(progress)}` : ""}…`
            : (visible(reason ?? "") || desktopLook(state).title)}
      </p>
      <ActionButton action={resume} subject={desktop} context={context} />
    </div>
  );
}
