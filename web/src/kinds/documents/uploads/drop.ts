import { join } from "../places";

/** A file somebody chose, with its path below the folder they are in. */
export interface Chosen {
  file: File;
  path: string;
}

/** Files from a file dialog; those of a whole folder know their paths. */
export function chosenFrom(list: FileList | null): Chosen[] {
  return [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Everything that was dropped, folders with all in them. Must be called within the drop event. */
export async function chosenFromDrop(transfer: DataTransfer): Promise<Chosen[]> {
  // The list is emptied when the event is over: take the entries first, read them afterwards.
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const found: Chosen[] = [];
  for (const { entry, file } of entries) {
    if (entry) await walk(entry, "", found);
    else if (file) found.push({ file, path: file.name });
  }
  return found;
}

async function walk(entry: FileSystemEntry, above: string, found: Chosen[]): Promise<void> {
  const path = join(above, entry.name);
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    found.push({ file, path });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A browser hands out a hundred at a time, and nothing when there are no more.
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return;
    for (const each of some) await walk(each, path, found);
  }
}

/** Whether what is dragged over the page is files from outside. */
export function holdsFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}
