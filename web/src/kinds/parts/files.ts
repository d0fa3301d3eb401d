import { apiUrl } from "../../api/base";
import { query } from "../../api/client";
import type { Part, PartFile } from "./types";

export function fileUrl(part: Pick<Part, "id">, file: Pick<PartFile, "id">, inline = false): string {
  return apiUrl(`shop/parts/${part.id}/files/${file.id}${query({ inline: inline ? "true" : null })}`);
}

/** The model of a revision as GLB. */
export function modelUrl(part: Pick<Part, "id">, revision: number): string {
  return apiUrl(`shop/parts/${part.id}/model${query({ revision })}`);
}

/** Files of one kind, the newest first. */
export function ofKind(part: Part, kind: PartFile["kind"]): PartFile[] {
  return (part.files ?? []).filter((file) => file.kind === kind).sort((a, b) => b.revision - a.revision);
}

/** The model to compare the newest one with: the last that was approved, else the one before. */
export function previousModel(models: readonly PartFile[]): PartFile | null {
  const earlier = models.slice(1);
  return earlier.find((file) => file.label !== null) ?? earlier[0] ?? null;
}

/** "Rev B", "Rev 3". */
export function nameOfRevision(file: Pick<PartFile, "label" | "revision">): string {
  return file.label ? `Rev ${file.label}` : `Rev ${file.revision}`;
}
