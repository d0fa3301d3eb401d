/** One file, one name, as the server has it: forward slashes, none doubled, none at the ends. */
export function normalisePath(path: string): string {
  return path
    .trim()
    .replaceAll("\\", "/")
    .replace(/\/{2,}/g, "/")
    .replace(/^\/|\/$/g, "");
}

/** Whether a text somebody typed could be meant as a path. */
export function looksLikePath(text: string): boolean {
  return /[\\/]/.test(text) || /\.\w{2,8}$/.test(text.trim());
}
