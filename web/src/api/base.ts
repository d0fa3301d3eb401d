// The server writes its BASE_PATH into <base href>; everything else follows from there.

/** Where the page lives, always with both slashes: "/" or "/crib/". */
export function basePath(): string {
  const path = new URL(document.baseURI).pathname;
  return path.endsWith("/") ? path : path.slice(0, path.lastIndexOf("/") + 1);
}

export function apiUrl(path: string): string {
  return `${basePath()}api/${path}`;
}

/** The address people type into a client: origin plus base path, without the last slash. */
export function serverUrl(): string {
  return (location.origin + basePath()).replace(/\/$/, "");
}
