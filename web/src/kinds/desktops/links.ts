export const DESKTOPS = "/desktops";
export const SETUP = "/desktops/setup";

/** Where one looks at it. */
export function viewLink(name: string): string {
  return `${DESKTOPS}/${encodeURIComponent(name)}/view`;
}

/** Where its card is. */
export function desktopLink(name: string): string {
  return `${DESKTOPS}?name=${encodeURIComponent(name)}`;
}
