import { lazy, Suspense } from "react";
import { useUploads } from "./uploads";

const UploadPanel = lazy(() => import("./UploadPanel"));

/** The uploads under way, over whatever page one has gone to meanwhile. */
export function Uploads() {
  const uploading = useUploads().length > 0;
  return <Suspense>{uploading && <UploadPanel />}</Suspense>;
}
