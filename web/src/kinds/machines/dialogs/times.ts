/** What is wrong with a length, and with a beginning, null where it cannot be read; null where nothing is. */
export function timesProblem(minutes: number | null, begins: string | null | undefined): string | null {
  if (minutes === null) return "Say for how long.";
  if (begins === undefined) return null;
  if (begins === null) return "Say when it begins.";
  return Date.parse(begins) <= Date.now() ? "That time has passed." : null;
}
