import type { Limits } from "../types";
import classes from "./Desktops.module.css";

/** How much room there is: "1 of 2 yours, 5 of 20 in all". */
export function LimitsLine({ limits }: { limits: Limits }) {
  const { mine, per_person: each, running, in_total: all, waiting, hours_per_week: weekly, hours_left: left } = limits;
  return (
    <span className={classes.limits}>
      {mine} of {each} yours, {running} of {all} in all
      {waiting > 0 && `, ${waiting} waiting`}
      {weekly !== null && left !== null && `, ${Math.max(0, Math.floor(left * 10) / 10)} of ${weekly} h left this week`}
    </span>
  );
}
