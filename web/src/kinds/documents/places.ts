// Where a document is: a bucket ("users", "companies", "projects"), its owner's id, and a path in it.

export interface Bucket {
  bucket: string;
  id: string;
}

export interface Place extends Bucket {
  path: string;
}

const BUCKETS = new Set(["users", "companies", "projects"]);

/** "/users/<id>/notes/todo.txt" as its parts; null for anything else. */
export function parseAddress(address: unknown): Place | null {
  if (typeof address !== "string") return null;
  const match = /^\/([a-z]+)\/([^/]+)(?:\/(.*))?$/s.exec(address);
  if (!match || !BUCKETS.has(match[1]!)) return null;
  return { bucket: match[1]!, id: match[2]!, path: match[3] ?? "" };
}

/** The path in its bucket: what people call it. The bucket is told by its side. */
export function pathOfAddress(address: string): string {
  return parseAddress(address)?.path || address;
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function join(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

/** Whether one of two paths lies on the way to the other, or both are the same. */
export function onOneWay(a: string, b: string): boolean {
  return a === b || a === "" || b === "" || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

export function folderLink(place: Place): string {
  return `/documents?${new URLSearchParams({ bucket: place.bucket, id: place.id, ...(place.path ? { path: place.path } : {}) })}`;
}

/** As the server links to it: the file's own path, and its id, by which it is found wherever it has gone. */
export function fileLink(fileId: string, place: Place | null): string {
  const where: Record<string, string> = place ? { bucket: place.bucket, id: place.id, path: place.path } : {};
  return `/documents?${new URLSearchParams({ ...where, file: fileId })}`;
}

/** Why a name cannot be given to a file or folder, as the server would say; null when it can. */
export function nameProblem(name: string): string | null {
  if (!name.trim()) return "Type a name.";
  if (name.includes("/")) return "A name holds no slash.";
  return pathProblem(name);
}

/** The same for a path below the top of a bucket. */
export function pathProblem(path: string): string | null {
  const segments = path.split("/").filter(Boolean);
  if (segments.length === 0) return "Type a path.";
   
  if (/[\\\u0000-\u001f\u007f-\u009f]/.test(path)) return "It holds a backslash or control characters.";
  if (segments.some((segment) => segment === "." || segment === "..")) return "“.” and “..” are no names.";
  if (segments.some((segment) => !segment.trim())) return "A name of blanks is no name.";
  const bytes = new TextEncoder();
  if (segments.some((segment) => bytes.encode(segment).length > 255)) return "A name may have 255 bytes.";
  return bytes.encode(segments.join("/")).length > 1024 ? "The whole path may have 1024 bytes." : null;
}
