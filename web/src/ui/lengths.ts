// How long, as people type it: "90m", "2 h", "1d 12h", "45".

const UNITS: Record<string, number> = { m: 1, h: 60, d: 1440, w: 10_080 };
const PART = /^(\d+(?:[.,]\d+)?)\s*(?:(m)(?:in(?:utes?)?)?|(h)(?:ours?)?|(d)(?:ays?)?|(w)(?:k|eeks?)?)?\s*/i;

/** Minutes in a text, a bare number counting as minutes; null where it cannot be read or is nothing. */
export function minutesIn(text: string): number | null {
  let rest = text.trim();
  let total = 0;
  if (rest === "") return null;
  while (rest !== "") {
    const found = PART.exec(rest);
    if (!found) return null;
    const unit = (found[2] ?? found[3] ?? found[4] ?? found[5] ?? "m").toLowerCase();
    total += Number(found[1]!.replace(",", ".")) * UNITS[unit]!;
    rest = rest.slice(found[0].length);
  }
  const minutes = Math.round(total);
  return minutes >= 1 ? minutes : null;
}

/** "45 min", "1 h 30 min", "2 d": what `minutesIn` reads again, without rounding. */
export function lengthText(minutes: number): string {
  const parts: string[] = [];
  let left = minutes;
  for (const [unit, size] of [["wk", 10_080], ["d", 1440], ["h", 60], ["min", 1]] as const) {
    const many = Math.floor(left / size);
    if (many > 0) parts.push(`${many} ${unit}`);
    left -= many * size;
  }
  return parts.join(" ");
}
