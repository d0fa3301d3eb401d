import { useState } from "react";
import type { Reservation } from "../../../api/types";
import { FormDialog } from "../../../overlays/FormDialog";
import { At } from "../../../ui/Time";
import { lengthText, minutesIn } from "../../../ui/lengths";
import { extendBy } from "../requests";
import { contentText } from "../states";
import { LengthPicker } from "../../../ui/LengthPicker";

const PRESETS = [30, 60, 120, 240, 1440];

export function ExtendDialog({ reservation }: { reservation: Reservation }) {
  const { id, ends_at: end } = reservation;
  const [length, setLength] = useState(lengthText(60));
  const minutes = minutesIn(length);
  return (
    <FormDialog
      title="Extend"
      submit="Extend"
      blocked={minutes === null ? "Say by how much." : null}
      onSubmit={async () => {
        await extendBy(id, minutes!);
        return `${lengthText(minutes!)} more`;
      }}
    >
      <p style={{ margin: 0 }}>
        You have {contentText(reservation)}
        {end && (
          <>
            {" "}
            until <At at={end} />
          </>
        )}
        . It can be extended while nobody waits for such machines.
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
