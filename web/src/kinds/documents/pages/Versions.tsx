import { Button, Group } from "@mantine/core";
import { IconCheck, IconDownload, IconEye, IconHistory, IconSend, IconX } from "@tabler/icons-react";
import type { DocumentFile, DocumentVersion } from "../../../api/types";
import { useMe } from "../../../session/session";
import { downloadUrl, previewKind } from "../downloads";
import type { Hold } from "../hold";
import { StatusMark } from "../status";
import { bringBack } from "../requests";
import { BlockableButton } from "../../../ui/BlockableButton";
import { sizeText } from "../../../ui/bytes";
import { Chip } from "../../../ui/Chip";
import { Person } from "../../../ui/Person";
import { Ago } from "../../../ui/Time";
import { complain, say } from "../../../ui/toast";
import type { Ask } from "../ask";
import classes from "./FileDrawer.module.css";

interface Props {
  file: DocumentFile;
  versions: readonly DocumentVersion[];
  shown: string | null;
  hold: Hold | null;
  can: readonly string[];
  onShow: (versionId: string) => void;
  onAsk: (ask: Ask) => void;
}

/** The file's history, newest first: who, when, why, and the bytes of each. */
export function Versions(props: Props) {
  return (
    <ol className={classes.versions} aria-label="Versions">
      {props.versions.map((version) => (
        <VersionItem key={version.id} version={version} {...props} />
      ))}
    </ol>
  );
}

function VersionItem({ file, version, shown, hold, can, onShow, onAsk }: Props & { version: DocumentVersion }) {
  const me = useMe();
  const current = version.id === file.current_version_id;
  const name = `version ${version.version_number}`;
  const waits = version.status === "pending_validation";
  const lost = version.status === "corrupted";
  const past = !current && (version.status === "draft" || version.status === "validated");
  const heldByOther = hold !== null && hold.holder !== me.username ? `${hold.holder} holds it.` : null;
  const mayWrite = can.includes("write") ? heldByOther : "You may look here, not change.";
  return (
    <li className={classes.version} data-shown={shown === version.id || undefined}>
      <div className={classes.versionTop}>
        <strong className="tabular">Version {version.version_number}</strong>
        {current && <Chip>current</Chip>}
        {version.status !== "draft" && <StatusMark status={version.status} />}
        <span style={{ flex: 1 }} />
        <span className={classes.quiet}>{sizeText(version.size)}</span>
      </div>
      <div className={classes.versionWho}>
        <Person name={version.created_by_name ?? "somebody"} me={version.created_by === me.uuid} />
        <span className={classes.quiet}>
          <Ago at={version.created_at} />
        </span>
      </div>
      {version.changelog && <p className={classes.prose}>{version.changelog}</p>}
      {version.validated_at && (
        <p className={classes.decision}>
          {version.status === "rejected" ? "Rejected" : "Approved"} by {version.validated_by_name ?? "somebody"}{" "}
          <Ago at={version.validated_at} />
          {version.validation_comment && <>: “{version.validation_comment}”</>}
        </p>
      )}
      <Group gap={6} mt={4}>
        {waits && <Decide file={file} version={version} can={can} onAsk={onAsk} />}
        {!lost && (
          <Button
            component="a"
            href={downloadUrl(file.id, { version: version.id })}
            download
            size="compact-xs"
            variant="default"
            leftSection={<IconDownload size={13} />}
            aria-label={`Download ${name}`}
          >
            Download
          </Button>
        )}
        {!lost && shown !== version.id && previewKind(version.mime_type, file.name) && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconEye size={13} />}
            aria-label={`Show ${name}`}
            onClick={() => onShow(version.id)}
          >
            Show
          </Button>
        )}
        {past && (
          <BlockableButton
            size="compact-xs"
            variant="default"
            leftSection={<IconHistory size={13} />}
            reason={mayWrite}
            aria-label={`Make ${name} current again`}
            onClick={() => void backNow(version)}
          >
            Make current again
          </BlockableButton>
        )}
        {!current && !lost && !waits && file.bucket_type !== "users" && (
          <BlockableButton
            size="compact-xs"
            variant="default"
            leftSection={<IconSend size={13} />}
            reason={mayWrite}
            aria-label={`Submit ${name} again`}
            onClick={() => onAsk({ name: "submit-again", file, version })}
          >
            Submit again…
          </BlockableButton>
        )}
      </Group>
    </li>
  );
}

interface DecideProps {
  file: DocumentFile;
  version: DocumentVersion;
  can: readonly string[];
  onAsk: (ask: Ask) => void;
}

export function Decide({ file, version, can, onAsk }: DecideProps) {
  const me = useMe();
  let reason: string | null = null;
  if (version.created_by === me.uuid) reason = "Another person must decide about your own version.";
  else if (!can.includes("validate")) reason = "Only admins of this place decide about versions.";
  const name = `version ${version.version_number} of ${file.name}`;
  return (
    <>
      <BlockableButton
        size="compact-xs"
        leftSection={<IconCheck size={13} />}
        reason={reason}
        aria-label={`Approve ${name}`}
        onClick={() => onAsk({ name: "decide", file, version, approve: true })}
      >
        Approve…
      </BlockableButton>
      <BlockableButton
        size="compact-xs"
        variant="default"
        leftSection={<IconX size={13} />}
        reason={reason}
        aria-label={`Reject ${name}`}
        onClick={() => onAsk({ name: "decide", file, version, approve: false })}
      >
        Reject…
      </BlockableButton>
      {version.created_by === me.uuid && <span className={classes.own}>Another person must decide about it.</span>}
    </>
  );
}

async function backNow(version: DocumentVersion): Promise<void> {
  try {
    await bringBack(version.id);
    say(`What version ${version.version_number} held is current again`);
  } catch (error) {
    complain(error);
  }
}
