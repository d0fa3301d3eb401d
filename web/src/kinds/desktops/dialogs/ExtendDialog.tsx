import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { lengthText, minutesIn } from "../../../ui/lengths";
import { LengthPicker } from "../../../ui/LengthPicker";
import { At } from "../../../ui/Time";
import { extendBy } from "../requests";
import type { Desktop } from "../types";

const PRESETS = [60, 120, 240, 480];
const USUAL = 120;

export function ExtendDialog({ desktop }: { desktop: Desktop }) {
  const { name, ends_at: end, extend_to: latest } = desktop;
  const most = end && latest ? Math.floor((Date.parse(latest) - Date.parse(end)) / 60_000) : USUAL;
  const [length, setLength] = useState(() => lengthText(Math.max(1, Math.min(USUAL, most))));
  const minutes = minutesIn(length);
  const over = minutes !== null && end && latest && Date.parse(end) + minutes * 60_000 > Date.parse(latest);
  return (
    <FormDialog
      title="Extend"
      submit="Extend"
      blocked={minutes === null ? "Say by how much." : over ? "It cannot be extended by so much now." : null}
      onSubmit={async () => {
        await extendBy(name, minutes! / 60);
        return `${lengthText(minutes!)} more`;
      }}
    >
      <p style={{ margin: 0 }}>
        {end && (
          <>
            It ends at <At at={end} />.
          </>
        )}{" "}
        {latest && (
          <>
            It can be extended to <At at={latest} />.
          </>
        )}
      </p>
      <LengthPicker
        label="By how much"
        value={length}
        presets={PRESETS}
        {...(end ? { from: Date.parse(end) } : {})}
        autofocus
        onChange={setLength}
      />
    </FormDialog>
  );
}
