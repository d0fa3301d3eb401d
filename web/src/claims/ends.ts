const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export interface Preset {
  label: string;
  at: Date | null;
}

/** Ends people commonly choose, counted from `now`. */
export function endPresets(now: Date): Preset[] {
  const evening = new Date(now);
  evening.setHours(18, 0, 0, 0);
  const friday = new Date(now);
  friday.setDate(friday.getDate() + ((5 - friday.getDay() + 7) % 7));
  friday.setHours(18, 0, 0, 0);
  const presets: Preset[] = [
    { label: "No end", at: null },
    { label: "1 hour", at: new Date(now.getTime() + HOUR) },
    { label: "4 hours", at: new Date(now.getTime() + 4 * HOUR) },
  ];
  if (evening.getTime() - now.getTime() > HOUR) presets.push({ label: "Today 18:00", at: evening });
  if (friday.getTime() - evening.getTime() > HOUR) presets.push({ label: "Friday 18:00", at: friday });
  presets.push({ label: "1 week", at: new Date(now.getTime() + 7 * 24 * HOUR) });
  return presets;
}
