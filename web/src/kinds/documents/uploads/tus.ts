import { Upload, type DetailedError, type HttpResponse } from "tus-js-client";
import { apiUrl } from "../../../api/base";
import { api, showWarning, WARNING } from "../../../api/client";
import { Problem, problemOf, unreachable } from "../../../api/problem";
import { meQuery, queryClient } from "../../../api/queries";
import type { Handlers, Sending, Wanted } from "./queue";

const CHUNK_BYTES = 64 * 1024 * 1024;
// About ten minutes in all: a server that is restarted, a laptop carried to another room.
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, ...Array<number>(36).fill(15_000)];
// Conflicts that do not pass by asking again. (Another answer 409 means: not from there; tus asks where it was.)
const FINAL = new Set(["file_locked", "version_conflict", "file_exists", "name_clash"]);

/** Sends by tus 1.0, which goes on after the server, the network or this page was gone for a while. */
export async function sendByTus(wanted: Wanted, handlers: Handlers): Promise<Sending> {
  const { file, place } = wanted;
  const upload = new Upload(file, {
    endpoint: apiUrl("storage/uploads"),
    metadata: metadataOf(wanted),
    chunkSize: CHUNK_BYTES,
    retryDelays: RETRY_MS,
    // The name, size and age of the file, where it goes and who sends it: then it is the same upload.
    fingerprint: async () =>
      ["toolcrib", me(), place.bucket, place.id, place.path, file.size, file.lastModified, wanted.submit ? "s" : "v"].join("|"),
    removeFingerprintOnSuccess: true,
    onProgress: (sent) => handlers.onProgress(sent),
    onShouldRetry: (error) => {
      const again = passes(error);
      const response = error.originalResponse;
      const said = response && response.getStatus() > 0 ? problemOf(response.getStatus(), response.getBody()) : null;
      if (again) handlers.onRetry(said);
      return again;
    },
    onSuccess: ({ lastResponse }) => {
      showWarning(lastResponse.getHeader(WARNING));
      handlers.onDone(doneOf(lastResponse));
    },
    onError: (error) => void failed(error as DetailedError),
  });

  const failed = async (error: DetailedError): Promise<void> => {
    const problem = problemOfError(error);
    if (problem.status === 401 && (await signedInAgain())) {
      upload.start();
      return;
    }
    handlers.onFailed(problem);
  };

  const [previous] = await upload.findPreviousUploads();
  if (previous) upload.resumeFromPreviousUpload(previous);
  return {
    start: () => upload.start(),
    pause: () => upload.abort(),
    cancel: async () => {
      await upload.abort(true);
    },
  };
}

function me(): string {
  return queryClient.getQueryData(meQuery.queryKey)?.uuid ?? "";
}

export function metadataOf(wanted: Wanted): Record<string, string> {
  const { file, place } = wanted;
  return {
    bucket_type: place.bucket,
    bucket_id: place.id,
    logical_path: place.path,
    filename: place.path.slice(place.path.lastIndexOf("/") + 1),
    filetype: file.type || "application/octet-stream",
    ...(wanted.changelog ? { changelog: wanted.changelog } : {}),
    ...(wanted.baseVersion === undefined ? {} : { base_version: String(wanted.baseVersion) }),
    ...(wanted.fence === undefined ? {} : { fence: String(wanted.fence) }),
    ...(wanted.release ? { release: "true" } : {}),
    ...(wanted.submit ? { submit: "true" } : {}),
  };
}

function passes(error: DetailedError): boolean {
  const response = error.originalResponse;
  const status = response?.getStatus() ?? 0;
  if (status === 0 || status >= 500 || status === 423 || status === 429) return true;
  return status === 409 && !FINAL.has(problemOf(status, response?.getBody() ?? "").code);
}

function problemOfError(error: DetailedError): Problem {
  const response = error.originalResponse;
  if (!response || response.getStatus() === 0) return error.originalRequest ? unreachable() : unreadable(error);
  return problemOf(response.getStatus(), response.getBody());
}

/** The browser could not read the file: it was moved or changed after it was chosen. */
function unreadable(error: Error): Problem {
  return new Problem(0, "unreadable", `The file could not be read: ${error.message}`);
}

function doneOf(response: HttpResponse): { fileId: string | null; version: number | null } {
  const version = Number(response.getHeader("X-Version-Number"));
  return { fileId: response.getHeader("X-File-ID") ?? null, version: version > 0 ? version : null };
}

/** Opens the sign-in dialog over the page and waits for it. */
async function signedInAgain(): Promise<boolean> {
  try {
    await api("currentuser");
    return true;
  } catch {
    return false;
  }
}
