import { useSyncExternalStore } from "react";
import { queryClient } from "../../../api/queries";
import { UploadQueue, type Upload } from "./queue";

/** The page's one queue. What sends is fetched when the first file is. */
export const uploads = new UploadQueue(
  async (wanted, handlers) => (await import("./tus")).sendByTus(wanted, handlers),
  () => void queryClient.invalidateQueries({ queryKey: ["documents"] }),
);

export function useUploads(): readonly Upload[] {
  return useSyncExternalStore(uploads.watch, uploads.list);
}
