import { useEffect, useState } from "react";
import { useNow } from "./clock";
import { absolute, duration, urgency } from "./time";
import classes from "./ui.module.css";

const SECONDS_BELOW_MS = 10 * 60_000;

/** How long it still lasts: "2 h 14 min left", second by second near the end. */
export function Countdown({ at }: { at: string }) {
  const minute = useNow();
  const [second, setSecond] = useState(() => Date.now());
  const end = Date.parse(at);
  const near = end - minute < SECONDS_BELOW_MS + 15_000 && end > second;
  useEffect(() => {
    if (!near) return;
    const timer = setInterval(() => setSecond(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [near]);
  const now = near ? Math.max(minute, second) : minute;
  return (
    <time dateTime={at} title={absolute(at)} className={`tabular ${classes.countdown}`} data-urgency={urgency(at, now)}>
      {leftText(end - now)}
    </time>
  );
}

/** "2 h 14 min left", "9:41 left", "ends now". */
export function leftText(milliseconds: number): string {
  if (milliseconds <= 0) return "ends now";
  if (milliseconds >= SECONDS_BELOW_MS) return `${duration(milliseconds)} left`;
  const seconds = Math.ceil(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}
