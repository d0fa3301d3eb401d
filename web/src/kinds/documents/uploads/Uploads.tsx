import { lazy, Suspense, useEffect } from "react";
import { uploads, useUploads } from "./uploads";

const UploadPanel = lazy(() => import("./UploadPanel"));

/** The uploads under way, over whatever page one has gone to meanwhile. */
export function Uploads() {
  const uploading = useUploads().length > 0;
  useEffect(() => {
    const onLeave = (event: BeforeUnloadEvent): void => {
      // Leaving would stop them; the browser asks first.
      if (uploads.busy) event.preventDefault();
    };
    addEventListener("beforeunload", onLeave);
    return () => removeEventListener("beforeunload", onLeave);
  }, []);
  return <Suspense>{uploading && <UploadPanel />}</Suspense>;
}
