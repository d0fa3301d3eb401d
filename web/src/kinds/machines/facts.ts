// What a check found on a machine, in words.

const LABELS: Record<string, string> = {
  os: "System",
  kernel: "Kernel",
  architecture: "Processor",
  cores: "Cores",
  memory_bytes: "Memory",
  disk_free_bytes: "Free disk",
  gpus: "GPUs",
};
// In the name of the system already, and as tags.
const HIDDEN: ReadonlySet<string> = new Set(["os_id", "os_version"]);

/** Memory as its makers count it: "16 GiB", "512 MiB". */
export function memoryText(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  const round = (number: number): string => number.toLocaleString(undefined, { maximumFractionDigits: number < 10 ? 1 : 0 });
  return mebibytes < 1024 ? `${round(mebibytes)} MiB` : `${round(mebibytes / 1024)} GiB`;
}

function textOf(name: string, value: unknown): string {
  if (name.endsWith("_bytes") && typeof value === "number") return memoryText(value);
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Term and text of each fact that is known, the commonest first. */
export function factLines(facts: Record<string, unknown>): [term: string, text: string][] {
  const order = [...Object.keys(LABELS), ...Object.keys(facts).filter((name) => !(name in LABELS))];
  return order
    .filter((name) => !HIDDEN.has(name))
    .map((name): [string, unknown] => [name, facts[name]])
    .filter(([, value]) => value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [LABELS[name] ?? name.replaceAll("_", " "), textOf(name, value)]);
}
