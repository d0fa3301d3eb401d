import { apiUrl } from "../../api/base";
import { showWarning, WARNING } from "../../api/client";
import { problemOf, unreachable } from "../../api/problem";
import { arrived } from "./requests";
import type { Part } from "./types";

export const ACCEPTED = ".step,.stp,.pdf";

/** Why a file cannot be uploaded to a part; null when it can. */
export function fileProblem(file: Pick<File, "name" | "size">): string | null {
  if (!/\.(step|stp|pdf)$/i.test(file.name)) return `${file.name} is no STEP or PDF file.`;
  return file.size === 0 ? `${file.name} is empty.` : null;
}

interface Sent {
  status: number;
  text: string;
  warning: string | null;
}

/** With XMLHttpRequest, because `fetch` does not tell how much has been sent. */
export function sendForm(path: string, form: FormData, onSent: (bytes: number) => void, signal: AbortSignal): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", apiUrl(path));
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () =>
      resolve({ status: request.status, text: request.responseText, warning: request.getResponseHeader(WARNING) });
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** A new revision of the part's model or drawing. */
export async function uploadFile(
  part: Pick<Part, "id">,
  file: File,
  note: string,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Part> {
  const form = new FormData();
  // Before the file: what is read first is known when the file comes.
  if (note) form.append("note", note);
  form.append("file", file);
  // The form's own lines are a little more than the file.
  const { status, text, warning } = await sendForm(`shop/parts/${part.id}/files`, form, (sent) => onSent(Math.min(sent, file.size)), signal);
  if (status < 200 || status >= 300) throw problemOf(status, text);
  showWarning(warning);
  const saved = JSON.parse(text) as Part;
  arrived(saved);
  return saved;
}
