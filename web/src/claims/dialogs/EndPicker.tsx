import { TextInput } from "@mantine/core";
import { useId, useMemo } from "react";
import { fromLocalInput, localInput } from "../../ui/time";
import { endPresets } from "../ends";
import classes from "./dialogs.module.css";

interface Props {
  label: string;
  /** "" means no end; else as an `<input type="datetime-local">` holds it. */
  value: string;
  onChange: (value: string) => void;
}

export function EndPicker({ label, value, onChange }: Props) {
  const id = useId();
  const presets = useMemo(() => endPresets(new Date()), []);
  return (
    <div role="group" aria-labelledby={id} style={{ display: "grid", gap: 8 }}>
      <span id={id} style={{ fontWeight: 550, fontSize: 14 }}>
        {label}
      </span>
      <div className={classes.presets}>
        {presets.map((preset) => {
          const its = preset.at ? localInput(preset.at) : "";
          return (
            <button
              key={preset.label}
              type="button"
              className={classes.preset}
              aria-pressed={value === its}
              onClick={() => onChange(its)}
            >
              {preset.label}
            </button>
          );
        })}
      </div>
      <TextInput
        type="datetime-local"
        aria-label={`${label}, exact time`}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}

/** Why this end cannot be chosen; null when it can. */
export function endProblem(value: string): string | null {
  const at = fromLocalInput(value);
  return at !== null && Date.parse(at) <= Date.now() ? "That time has passed." : null;
}
