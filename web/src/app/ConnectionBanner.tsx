import { useEffect, useState } from "react";
import { useLiveState } from "../live/live";
import classes from "./Shell.module.css";

/** Says when what is on screen may be out of date. */
export function ConnectionBanner() {
  const lost = useLiveState() === "lost";
  // A blink of the network that is over before it can be read is not worth a banner.
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(lost), lost ? 400 : 0);
    return () => clearTimeout(timer);
  }, [lost]);
  useEffect(() => {
    document.documentElement.style.setProperty("--crib-banner", shown ? "38px" : "0px");
  }, [shown]);
  return (
    <div role="status" aria-live="polite">
      {shown && (
        <div className={classes.banner}>
          <span className={classes.pulse} aria-hidden="true" />
          Connection lost, reconnecting. What you see may be out of date.
        </div>
      )}
    </div>
  );
}
