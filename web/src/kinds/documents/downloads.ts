import { apiUrl } from "../../api/base";
import { query } from "../../api/client";
import { problemFrom } from "../../api/problem";
import type { Place } from "./places";

export function downloadUrl(fileId: string, options: { version?: string | null; inline?: boolean } = {}): string {
  const { version, inline } = options;
  return apiUrl(`storage/download/proxy${query({ file_id: fileId, version_id: version, inline: inline ? "true" : null })}`);
}

/** A folder with everything below it, as one archive. */
export function zipUrl({ bucket, id, path }: Place): string {
  return apiUrl(`storage/folders/zip${query({ bucket, id, path })}`);
}

export type PreviewKind = "image" | "pdf" | "text";

const IMAGES = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "image/bmp",
  // As an image it runs no script.
  "image/svg+xml",
]);
const TEXT_TYPES = /^(text\/|application\/(json|xml|yaml|toml|javascript|x-(sh|yaml|python|tex|httpd-php|sql)|sql|.*\+(json|xml))\b)/;
const TEXT_NAMES =
  /\.(txt|md|markdown|rst|log|csv|tsv|json|ya?ml|toml|ini|cfg|conf|xml|html?|css|scss|m?[jt]sx?|py|rb|go|rs|c|h|cc|cpp|hpp|cs|java|kt|swift|sh|bash|ps1|bat|sql|tex|gcode|nc|obj|step|stp|igs|iges|usda|glsl|hlsl|lua|diff|patch|svg|gitignore)$/i;
const MOST: Record<PreviewKind, number> = { image: 40e6, pdf: 100e6, text: Infinity };
export const TEXT_BYTES = 200_000;

/** How a file can be shown in place; null where it can only be downloaded. */
export function previewKind(mime: string | null, name: string): PreviewKind | null {
  const type = (mime ?? "").split(";")[0]!.trim().toLowerCase();
  if (IMAGES.has(type)) return "image";
  if (type === "application/pdf") return "pdf";
  if (TEXT_TYPES.test(type)) return "text";
  return (type === "" || type === "application/octet-stream") && TEXT_NAMES.test(name) ? "text" : null;
}

export function tooBigToShow(kind: PreviewKind, size: number): boolean {
  return size > MOST[kind];
}

/** Throws the refusal that a picture or a frame could not tell: the store is down, the version is gone. */
export async function probe(url: string, signal: AbortSignal): Promise<true> {
  // Not the first byte: that would count as reading the file, in its audit.
  const response = await fetch(url, { signal, credentials: "same-origin", headers: { Range: "bytes=1-1" } });
  if (!response.ok && response.status !== 416) throw await problemFrom(response);
  await response.body?.cancel();
  return true;
}

export interface TextPart {
  text: string;
  /** There is more than this. */
  cut: boolean;
  /** It is no text at all, whatever it is called. */
  binary: boolean;
}

/** The beginning of a file, as text and never as anything else. */
export async function readText(url: string, size: number, signal: AbortSignal): Promise<TextPart> {
  if (size === 0) return { text: "", cut: false, binary: false };
  const response = await fetch(url, {
    signal,
    credentials: "same-origin",
    headers: { Range: `bytes=0-${TEXT_BYTES - 1}` },
  });
  if (!response.ok) throw await problemFrom(response);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return decode(bytes.subarray(0, TEXT_BYTES), size > TEXT_BYTES);
}

export function decode(bytes: Uint8Array, cut: boolean): TextPart {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : null;
  if (!utf16 && bytes.subarray(0, 8000).includes(0)) return { text: "", cut, binary: true };
  // The cut may go through the middle of a character: `stream` leaves such a half away.
  const text = new TextDecoder(utf16 ?? "utf-8").decode(bytes, { stream: cut });
  return { text, cut, binary: false };
}
