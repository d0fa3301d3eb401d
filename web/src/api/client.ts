import { apiUrl } from "./base";
import { Problem, problemOf, unreachable } from "./problem";

export interface CallOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  json?: unknown;
  signal?: AbortSignal;
  /** A 401 of this call may be about what was sent (a wrong current password), not about the session. */
  checksPassword?: boolean;
  /** A 401 is an answer, not an interruption: do not ask the person to sign in. */
  anonymous?: boolean;
  /** Sent to the end even when the page goes. For small bodies. */
  keepalive?: boolean;
  /** An answer that is no success and yet what was asked for. */
  isAnswer?: (status: number, body: unknown) => boolean;
}

type Reauthenticate = () => Promise<boolean>;
let reauthenticate: Reauthenticate | null = null;

/** The header in which a successful answer warns of something, percent-encoded. */
export const WARNING = "Toolcrib-Warning";
let warn: (text: string) => void = () => {};

/** What shows the warnings registers itself here. */
export function onWarning(show: (text: string) => void): void {
  warn = show;
}

export function showWarning(header: string | null | undefined): void {
  if (header) warn(decodeURIComponent(header));
}

/** The sign-in dialog registers itself here; `null` before anybody has signed in. */
export function onSessionExpired(ask: Reauthenticate | null): void {
  reauthenticate = ask;
}

async function send(path: string, options: CallOptions): Promise<Response> {
  const { method = "GET", json, signal, keepalive = false } = options;
  try {
    return await fetch(apiUrl(path), {
      method,
      signal: signal ?? null,
      keepalive,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: json === undefined ? null : JSON.stringify(json),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
}

async function sessionIsOver(options: CallOptions): Promise<boolean> {
  if (!options.checksPassword) return true;
  return (await send("currentuser", {})).status === 401;
}

/**
 * Call the server. A session that has run out opens the sign-in dialog over the page and the call is
 * sent again afterwards, so a form never notices.
 *
 * Throws `Problem` for every answer that is not a success.
 */
export async function api<T>(path: string, options: CallOptions = {}): Promise<T> {
  let response = await send(path, options);
  if (response.status === 401 && !options.anonymous && reauthenticate && (await sessionIsOver(options))) {
    if (await reauthenticate()) response = await send(path, options);
  }
  if (!response.ok) {
    const text = await response.text();
    const answer = options.isAnswer && parsed(text);
    if (answer && options.isAnswer?.(response.status, answer)) return answer as T;
    throw problemOf(response.status, text);
  }
  showWarning(response.headers.get(WARNING));
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new Problem(response.status, "bad_answer", "The server's answer could not be read.");
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `{a: 1, b: null}` -> `"?a=1"`; empty and absent values are left out. */
export function query(params: Record<string, string | number | boolean | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "" && value !== false) {
      search.set(name, value === true ? "1" : String(value));
    }
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}
