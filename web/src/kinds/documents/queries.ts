import { queryOptions } from "@tanstack/react-query";
import { api, query } from "../../api/client";
import type { DocumentList, DocumentFolder, DocumentShelves, FileMetadata, WaitingList } from "../../api/types";
import type { Bucket, Place } from "./places";

// `kind.ts` knows these keys: it tells which of them an event touches.

export const shelvesQuery = queryOptions({
  queryKey: ["documents", "buckets"],
  queryFn: ({ signal }) => api<DocumentShelves>("storage/buckets", { signal }),
});

export const folderQuery = ({ bucket, id, path }: Place) =>
  queryOptions({
    queryKey: ["documents", "folder", `${bucket}/${id}`, path],
    queryFn: ({ signal }) => api<DocumentFolder>(`storage/folders${query({ bucket, id, path })}`, { signal }),
    staleTime: 5_000,
    refetchOnWindowFocus: true,
    // Thousands of rows compared key by key would cost more than drawing the forty on screen.
    structuralSharing: false,
  });

const ARCHIVED_MAX = 1000;

export const archivedQuery = ({ bucket, id }: Bucket) =>
  queryOptions({
    queryKey: ["documents", "archived", `${bucket}/${id}`],
    queryFn: ({ signal }) =>
      api<DocumentList>(`storage/list${query({ bucket, id, status: "archived", limit: ARCHIVED_MAX })}`, { signal }),
    staleTime: 0,
  });

export const fileQuery = (fileId: string) =>
  queryOptions({
    queryKey: ["documents", "file", fileId],
    queryFn: ({ signal }) =>
      api<FileMetadata>(
        `storage/metadata${query({ file_id: fileId, include_versions: true, include_locks: true, include_audit: true })}`,
        { signal },
      ),
    staleTime: 0,
  });

export const waitingQuery = queryOptions({
  queryKey: ["documents", "waiting"],
  queryFn: ({ signal }) => api<WaitingList>("storage/versions/waiting", { signal }),
  staleTime: 60_000,
});
