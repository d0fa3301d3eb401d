import { IconChecklist, IconFiles } from "@tabler/icons-react";
import { api, query } from "../../api/client";
import type { FoundDocuments, LogEvent } from "../../api/types";
import { fileLink, folderLink, onOneWay, parseAddress, pathOfAddress, type Place } from "./places";
import { notice } from "./notice";
import { Uploads } from "./uploads/Uploads";
import { WaitingCount } from "./WaitingCount";
import { CLAIM_VERBS, type Found, type Kind, type Thing } from "../../things/kind";

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

function placeOf(thing: Thing): Place | null {
  return parseAddress(thing.label ?? thing.data?.label);
}

/** Files are known by their ids; the key of a folder stands for its place. */
function link(thing: Thing): string {
  const place = placeOf(thing);
  if (UUID.test(thing.key)) return fileLink(thing.key, place);
  return place ? folderLink(place) : "/documents";
}

/** Query keys are those of `queries.ts`. */
function isTouched(queryKey: readonly unknown[], event: LogEvent): boolean {
  const [area, what, which, path] = queryKey;
  if (area !== "documents") return false;
  if (what === "file") return which === event.key;
  if (CLAIM_VERBS.has(event.verb)) return false;
  if (what === "waiting" || what === "archived") return !event.verb.startsWith("folder");
  if (what !== "folder") return false;
  return [event.data.label, event.data.source].some((address) => {
    const place = parseAddress(address);
    return place !== null && which === `${place.bucket}/${place.id}` && onOneWay(place.path, String(path));
  });
}

const FOUND = 8;
// Each answer is about 2,000 files, or about up to FOUND matches among them. After so many, 40,000 files where few match,
// the search ends with what it has: each takes a moment, and the person waits and types on meanwhile.
const ANSWERS = 20;

async function search(text: string, signal: AbortSignal): Promise<Found[]> {
  const files: FoundDocuments["files"] = [];
  const shelves: FoundDocuments["buckets"] = [];
  let cursor: string | null = null;
  for (let answers = 0; answers < ANSWERS && files.length < FOUND; answers++) {
    const found: FoundDocuments = await api(`storage/search${query({ q: text, limit: FOUND, cursor })}`, { signal });
    files.push(...found.files);
    shelves.push(...found.buckets);
    cursor = found.next_cursor;
    if (!cursor) break;
  }
  return files.slice(0, FOUND).map((file) => {
    const place = { bucket: file.bucket_type, id: file.bucket_id, path: file.logical_path };
    const shelf = shelves.find((one) => one.id === place.id && one.bucket === place.bucket);
    return {
      id: file.id,
      label: file.logical_path,
      note: place.bucket === "users" ? "My files" : (shelf?.name ?? "Project"),
      to: fileLink(file.id, place),
    };
  });
}

export const document: Kind = {
  name: "document",
  label: "Document",
  plural: "Documents",
  Icon: IconFiles,
  nav: [
    { to: "/documents", label: "Documents", Icon: IconFiles, goKey: "d" },
    { to: "/documents/waiting", label: "Waiting for me", Icon: IconChecklist, Count: WaitingCount, goKey: "w" },
  ],
  pages: [
    { path: "/documents", title: "Documents", load: () => import("./pages/DocumentsPage") },
    { path: "/documents/waiting", title: "Waiting for me", load: () => import("./pages/WaitingPage") },
  ],
  sentences: {
    uploaded: "{actor} uploaded version {version_number} of {thing}",
    committed: "{actor} submitted version {version_number} of {thing} for approval[: “{changelog}”]",
    approved: "{actor} approved version {version_number} of {thing}[: “{comment}”]",
    rejected: "{actor} rejected version {version_number} of {thing}[: “{comment}”]",
    archived: "{actor} deleted {thing}",
    destroyed: "{actor} destroyed {thing} with its history",
    restored: "{actor} brought back {thing}",
    moved: "{actor} moved {thing}[, which was {source}]",
    described: "{actor} changed the description of {thing}",
    copied: "{actor} made the copy {thing}",
    folder_made: "{actor} made the folder {thing}",
    folder_moved: "{actor} moved the folder {thing}[, which was {source}]",
    folder_removed: "{actor} removed the folder {thing}",
    corrupted: "The store lost version {version_number} of {thing}",
    recovered: "Version {version_number} of {thing} is whole again",
    acquired: "{actor} locked {thing}[ until {expires_at}][: “{comment}”]",
    renewed: "{actor} changed the end of the lock on {thing}[ to {expires_at}]",
    released: "{actor} unlocked {thing}[ after {held_seconds}]",
    force_released: "{actor} ended the lock[ of {holder}] on {thing}[: “{reason}”]",
    transferred: "{actor} handed over {thing}[ from {from}][ to {to}][: “{comment}”]",
    expired: "The lock[ of {holder}] on {thing} ran out",
    queued: "{actor} is waiting for {thing}",
    unqueued: "{actor} no longer waits for {thing}",
    offered: "{holder} was told that {thing} is free",
  },
  verbs: {
    uploaded: "uploaded",
    committed: "submitted for approval",
    approved: "approved",
    rejected: "rejected",
    archived: "deleted (document)",
    restored: "brought back",
    destroyed: "destroyed",
    moved: "moved",
    described: "described",
    copied: "copied",
    folder_made: "folder made",
    folder_moved: "folder moved",
    folder_removed: "folder removed",
    corrupted: "lost by the store",
    recovered: "whole again",
  },
  nameOf: (key) => key,
  shownAs: pathOfAddress,
  monospaced: true,
  link,
  isTouched,
  // Who belongs to what decides which buckets one may see.
  readAgainOn: { project: [["documents", "buckets"]], company: [["documents", "buckets"]] },
  Everywhere: Uploads,
  search,
  // Through the documents' own door, so that the file's audit tells of it.
  release: async (claims, reason) => {
    for (const { key } of claims) {
      const json = { file_id: key, ...(reason === null ? {} : { force: true, reason }) };
      await api("storage/unlock", { method: "POST", json, keepalive: true });
    }
  },
  notice,
  shortcuts: async () => (await import("./shortcuts")).shortcuts,
};
