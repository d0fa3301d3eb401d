import type { Claim, DocumentFile, DocumentFolder, FolderEntry } from "../../api/types";

export type Row =
  | { type: "folder"; id: string; name: string; path: string; folder: FolderEntry }
  | { type: "file"; id: string; name: string; path: string; file: DocumentFile };

export function rowOfFile(file: DocumentFile): Row & { type: "file" } {
  return { type: "file", id: file.id, name: file.name, path: file.logical_path, file };
}

export type SortBy = "name" | "holder" | "version" | "size" | "changed";

export interface Sort {
  by: SortBy;
  down: boolean;
}

const NAMES = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export function parseSort(text: string | null): Sort {
  const down = text?.startsWith("-") ?? false;
  const by = (down ? text!.slice(1) : text) as SortBy;
  return { by: ["name", "holder", "version", "size", "changed"].includes(by) ? by : "name", down };
}

/** What is in a folder, as rows: folders before files, filtered by all words, in order. */
export function rowsOf(
  folder: DocumentFolder,
  filter: string,
  sort: Sort,
  holderOf: (file: DocumentFile) => string | null,
): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text: string): boolean => words.every((word) => text.toLowerCase().includes(word));
  const folders = folder.folders
    .filter((one) => fits(one.name))
    .map((one): Row => ({ type: "folder", id: `folder:${one.path}`, name: one.name, path: one.path, folder: one }));
  const files = folder.files
    .filter((file) => fits(words.length ? [file.name, holderOf(file), file.owner_name].join("\n") : ""))
    .map(rowOfFile);
  const way = sort.down ? -1 : 1;
  folders.sort((a, b) => (sort.by === "name" ? way : 1) * NAMES.compare(a.name, b.name));
  files.sort((a, b) => way * compare(a.file, b.file, sort.by, holderOf) || NAMES.compare(a.name, b.name));
  return [...folders, ...files];
}

function compare(
  a: DocumentFile,
  b: DocumentFile,
  by: SortBy,
  holderOf: (file: DocumentFile) => string | null,
): number {
  if (by === "size") return a.size - b.size;
  if (by === "version") return a.version - b.version;
  if (by === "changed") return a.updated_at < b.updated_at ? -1 : a.updated_at > b.updated_at ? 1 : 0;
  if (by === "holder") {
    const [first, second] = [holderOf(a), holderOf(b)];
    // What is held is what one looks for: the free ones last.
    if (first === null || second === null) return Number(first === null) - Number(second === null);
    return NAMES.compare(first, second);
  }
  return NAMES.compare(a.name, b.name);
}

/** The live locks on documents, by file id. */
export function locksByFile(claims: readonly Claim[] | undefined): ReadonlyMap<string, Claim> {
  return new Map(claims?.filter((claim) => claim.kind === "document").map((claim) => [claim.key, claim]));
}
