import { TextInput } from "@mantine/core";
import { useId } from "react";
import { useNow } from "./clock";
import { clockTime } from "./time";
import { lengthText, minutesIn } from "./lengths";
import classes from "./LengthPicker.module.css";

interface Props {
  label: string;
  /** As typed: "4 h", "90m". */
  value: string;
  /** In minutes. */
  presets: readonly number[];
  /** What it is counted from, in milliseconds; now if it is missing. */
  from?: number;
  autofocus?: boolean;
  onChange: (value: string) => void;
}

/** How long: one click, or as text. Says when that ends. */
export function LengthPicker({ label, value, presets, from, autofocus, onChange }: Props) {
  const id = useId();
  const now = useNow();
  const minutes = minutesIn(value);
  return (
    <div role="group" aria-labelledby={id} className={classes.field}>
      <span id={id} className={classes.label}>
        {label}
      </span>
      <div className={classes.presets}>
        {presets.map((preset) => (
          <button
            key={preset}
            type="button"
            className={classes.preset}
            aria-pressed={minutes === preset}
            onClick={() => onChange(lengthText(preset))}
          >
            {lengthText(preset)}
          </button>
        ))}
        <TextInput
          aria-label={`${label}, for example 90 min or 1 d 12 h`}
          className={classes.length}
          data-autofocus={autofocus || undefined}
          size="xs"
          value={value}
          maxLength={40}
          error={value.trim() !== "" && minutes === null}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
        <span className={classes.quiet}>
          {minutes === null ? "like 90 min or 1 d 12 h" : `until ${clockTime(new Date((from ?? now) + minutes * 60_000).toISOString(), now)}`}
        </span>
      </div>
    </div>
  );
}
