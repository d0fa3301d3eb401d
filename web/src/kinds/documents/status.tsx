import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconHourglassHigh, IconPencil, IconTrash } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { DocumentFile, DocumentVersion } from "../../api/types";
import type { IconProps } from "../../ui/icon";
import classes from "./status.module.css";

interface Look {
  label: string;
  tone: "calm" | "good" | "wait" | "bad";
  Icon: ComponentType<IconProps>;
}

const LOOKS: Record<string, Look> = {
  pending_validation: { label: "waits for approval", tone: "wait", Icon: IconHourglassHigh },
  validated: { label: "approved", tone: "good", Icon: IconCircleCheck },
  rejected: { label: "rejected", tone: "bad", Icon: IconCircleX },
  corrupted: { label: "bytes lost", tone: "bad", Icon: IconAlertTriangle },
  draft: { label: "draft", tone: "calm", Icon: IconPencil },
  archived: { label: "deleted", tone: "calm", Icon: IconTrash },
};

export function StatusMark({ status }: { status: string }) {
  const look = LOOKS[status];
  if (!look) return null;
  const { Icon } = look;
  return (
    <span className={classes.mark} data-tone={look.tone}>
      <Icon size={12} stroke={2} aria-hidden />
      {look.label}
    </span>
  );
}

/**
 * What there is to say of a file: that something of it waits, or what became of its current version. Nothing for a
 * version that nobody was asked about: the file's own word is "validated" from the first upload on.
 */
export function standing(file: DocumentFile, current: DocumentVersion | null): string | null {
  const told = file.status === "validated" ? (current?.status ?? "draft") : file.status;
  return told === "draft" ? null : told;
}
