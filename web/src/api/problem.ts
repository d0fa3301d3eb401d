import type { HeldBy } from "./types";

/** A refusal or failure of the server. Branch on `code`, show `message`. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown = null,
  ) {
    super(message);
    this.name = "Problem";
  }

  /** Who stands in the way, where the refusal is that somebody else holds the thing. */
  get heldBy(): HeldBy | null {
    const details = this.details;
    if (details && typeof details === "object" && "holder" in details && "since" in details) {
      return details as HeldBy;
    }
    return null;
  }

  /** Several paths of a bulk action may be held by others. */
  get conflicts(): (Partial<HeldBy> & { asset_path?: string; holder: string })[] {
    const details = this.details as { conflicts?: unknown } | null;
    return Array.isArray(details?.conflicts) ? (details.conflicts as never) : [];
  }
}

interface ErrorBody {
  status?: unknown;
  message?: unknown;
  msg?: unknown;
  error?: unknown;
  code?: unknown;
  details?: unknown;
}

export async function problemFrom(response: Response): Promise<Problem> {
  return problemOf(response.status, await response.text());
}

export function problemOf(status: number, text: string): Problem {
  let body: ErrorBody = {};
  try {
    body = (JSON.parse(text) ?? {}) as ErrorBody;
  } catch {
    // A proxy in between may answer in HTML; the status still says what happened.
  }
  const said = body.details as { text?: unknown } | null | undefined;
  // The file service's clients read code words where others read sentences; the sentence is in the details.
  if (body.status === "error" && typeof said?.text === "string") {
    return new Problem(status, String(body.message ?? ""), said.text, said);
  }
  const sentence = [body.message, body.msg, body.error].find((part) => typeof part === "string" && part);
  const code = typeof body.code === "string" ? body.code : typeof body.error === "string" ? body.error : "";
  return new Problem(
    status,
    code || `http_${status}`,
    (sentence as string | undefined) ?? `The server answered ${status}.`,
    body.details ?? null,
  );
}

export function unreachable(): Problem {
  return new Problem(0, "unreachable", "The server cannot be reached. Check your connection and try again.");
}
