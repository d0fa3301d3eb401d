import { useMemo, useState } from "react";
import { shortName } from "../states";
import { DesktopScreen } from "../viewer/DesktopScreen";
import type { Over } from "../viewer/screen";
import classes from "../viewer/Viewer.module.css";

/**
 * A desktop for whoever has a ticket, which other front ends lead to: `/desktops/view#ticket=…&name=…`. The part of an
 * address behind `#` is sent to no server, and the page takes it out of the history.
 */
export function TicketPage() {
  const { ticket, name, by } = useMemo(read, []);
  const [open, setOpen] = useState(false);
  const [over, setOver] = useState<Over | null>(ticket ? null : { text: "This address has no ticket. Open the desktop again from where you came.", again: false });
  return (
    <main className={classes.viewer} style={{ height: "100dvh" }}>
      <h1 className="visually-hidden">{name ? `Desktop ${shortName(name)}` : "Desktop"}</h1>
      <div className={classes.stage}>
        {ticket && !over && (
          <DesktopScreen
            ticket={ticket}
            by={by}
            viewOnly={false}
            copyOut
            pasteIn
            label={name ? `Desktop ${shortName(name)}` : "Desktop"}
            onOpen={() => setOpen(true)}
            onOver={setOver}
          />
        )}
        {!open && !over && (
          <div className={classes.note} role="status">
            <p>Connecting…</p>
          </div>
        )}
        {over && (
          <div className={classes.note} role="alert">
            <p>{over.text}</p>
            <p>Open the desktop again from where you came: each ticket is good once.</p>
          </div>
        )}
      </div>
    </main>
  );
}

function read(): { ticket: string; name: string; by: "vnc" | "guacd" } {
  const found = new URLSearchParams(location.hash.slice(1));
  history.replaceState(history.state, "", location.pathname + location.search);
  return { ticket: found.get("ticket") ?? "", name: found.get("name") ?? "", by: found.get("tunnel") === "guacd" ? "guacd" : "vnc" };
}
