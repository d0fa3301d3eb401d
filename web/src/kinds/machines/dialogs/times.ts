/** What is wrong with a length, and with a beginning, null where it cannot be read; null where nothing is. */
export function timesProblem(minutes: number | null, begins: string | null | undefined): string | null {
  if (minutes === null) return "Say for how long.";
  if (begins !== undefined && (begins === null || Date.parse(begins) <= Date.now())) return "That time has passed.";
  return null;
}
