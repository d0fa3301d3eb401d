import { useQuery } from "@tanstack/react-query";
import type { DocumentShelf } from "../../api/types";
import type { Bucket } from "./places";
import { shelvesQuery } from "./queries";

export function shelfName(shelf: DocumentShelf): string {
  if (shelf.bucket === "users") return "My files";
  return shelf.name ?? (shelf.bucket === "companies" ? "My company" : `Project ${shelf.id.slice(0, 8)}`);
}

export function shelfTitle(of: string): string {
  return of === "users" ? "You" : of === "companies" ? "Company" : "Projects";
}

export function sameBucket(a: Bucket, b: Bucket): boolean {
  return a.bucket === b.bucket && a.id === b.id;
}

/** The shelf of a bucket, once it is known; undefined for one the person may not see. */
export function useShelf(bucket: Bucket): DocumentShelf | undefined {
  const { data } = useQuery(shelvesQuery);
  return data?.buckets.find((shelf) => sameBucket(shelf, bucket));
}
