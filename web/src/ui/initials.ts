/** "ann.b" -> "AB", "ann" -> "AN": two letters that stand for a person. */
export function initials(name: string): string {
  const parts = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const [first, second] = parts;
  if (!first) return "?";
  return (second ? [...first][0]! + [...second][0]! : [...first].slice(0, 2).join("")).toUpperCase();
}

/** The same person has the same hue on every page and every machine. */
export function hueOf(name: string): number {
  let hash = 2166136261;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 16777619);
  return ((hash >>> 0) % 24) * 15;
}
