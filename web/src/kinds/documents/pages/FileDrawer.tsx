import { Button, Drawer, Group, Menu, Stack, Tabs } from "@mantine/core";
import {
  IconDots,
  IconDownload,
  IconFolderSymlink,
  IconHistory,
  IconListDetails,
  IconPencil,
  IconSend,
  IconTrash,
  IconUpload,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { DocumentFile, FileMetadata } from "../../../api/types";
import { useOverlay } from "../../../overlays/overlays";
import { useMe } from "../../../session/session";
import { downloadUrl } from "../downloads";
import { FileIcon } from "../FileIcon";
import type { HoldOf } from "../hold";
import { fileQuery } from "../queries";
import { StatusMark, standing } from "../status";
import { BlockableButton } from "../../../ui/BlockableButton";
import { sizeText } from "../../../ui/bytes";
import { CopyButton } from "../../../ui/CopyLine";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { visible } from "../../../ui/names";
import { Refusal } from "../../../ui/Refusal";
import { At } from "../../../ui/Time";
import { useReturnFocus } from "../../../ui/useReturnFocus";
import { rowOfFile, type Ask } from "./ask";
import { Audit } from "./Audit";
import { descriptionOf } from "./dialogs/DescribeDialog";
import classes from "./FileDrawer.module.css";
import { LockCard } from "./LockCard";
import { Preview } from "./Preview";
import { Versions } from "./Versions";

interface Props {
  fileId: string;
  can: readonly string[];
  holdOf: HoldOf;
  /** Something lies over the drawer: Escape is meant for that. */
  covered: boolean;
  onAsk: (ask: Ask) => void;
  onDelete: (file: DocumentFile) => void;
  onRestore: (file: DocumentFile) => void;
  /** Where the file turned out to be. */
  onPlace: (file: DocumentFile) => void;
  onClose: () => void;
}

export default function FileDrawer(props: Props) {
  useReturnFocus();
  const overlay = useOverlay();
  const covered = props.covered || overlay !== null;
  const { data, error, isPending, refetch } = useQuery(fileQuery(props.fileId));
  const { onPlace } = props;
  const file = data?.file;
  useEffect(() => {
    if (file) onPlace(file);
  }, [file, onPlace]);
  return (
    <Drawer
      opened
      onClose={props.onClose}
      position="right"
      size={540}
      closeOnEscape={!covered}
      title={
        <span className={classes.title}>
          {file && <FileIcon name={file.name} mime={file.mime_type} size={20} />}
          <bdi>{file ? visible(file.name) : "Document"}</bdi>
        </span>
      }
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {isPending && <ListSkeleton />}
      <Refusal error={error} onRetry={() => void refetch()} />
      {data && <Details {...props} data={data} />}
    </Drawer>
  );
}

function Details({ data, can, holdOf, onAsk, onDelete, onRestore }: Props & { data: FileMetadata }) {
  const { file } = data;
  const versions = data.versions ?? [];
  const [picked, setPicked] = useState<string | null>(null);
  const shown = versions.find((version) => version.id === picked) ?? data.current_version;
  const hold = holdOf(file);
  const description = descriptionOf(file);
  return (
    <Stack gap="md">
      <div className={classes.path}>
        <span className="mono">{visible(file.logical_path)}</span>
        <CopyButton text={file.logical_path} />
      </div>
      {file.is_deleted ? (
        <section className={classes.card} aria-label="Deleted">
          <p style={{ margin: 0 }}>It is deleted. Bringing it back restores it with its history.</p>
          <Group gap="xs">
            <Button size="xs" onClick={() => onRestore(file)}>
              Bring it back
            </Button>
            <Button size="xs" variant="default" onClick={() => onAsk({ name: "destroy", file })}>
              Delete for good…
            </Button>
          </Group>
        </section>
      ) : (
        <>
          <Toolbar file={file} can={can} held={hold?.holder ?? null} onAsk={onAsk} onDelete={onDelete} />
          <LockCard file={file} hold={hold} can={can} onAsk={onAsk} />
          {shown && picked && picked !== file.current_version_id && (
            <p className={classes.quiet} role="status">
              Showing version {shown.version_number}.{" "}
              <button type="button" className={classes.textButton} onClick={() => setPicked(null)}>
                Back to the current one
              </button>
            </p>
          )}
          {shown && <Preview file={file} version={shown} />}
        </>
      )}
      {description && <p className={classes.prose}>{description}</p>}
      <Facts file={file} status={standing(file, data.current_version)} />
      <Tabs defaultValue="versions" keepMounted={false}>
        <Tabs.List aria-label="About the file">
          <Tabs.Tab value="versions" leftSection={<IconHistory size={16} aria-hidden />}>
            Versions
          </Tabs.Tab>
          <Tabs.Tab value="audit" leftSection={<IconListDetails size={16} aria-hidden />}>
            Audit
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="versions" pt="sm">
          <Versions
            file={file}
            versions={versions}
            shown={shown?.id ?? null}
            hold={hold}
            can={file.is_deleted ? [] : can}
            onShow={setPicked}
            onAsk={onAsk}
          />
        </Tabs.Panel>
        <Tabs.Panel value="audit" pt="sm">
          <Audit entries={data.audit_logs ?? []} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

interface ToolbarProps {
  file: DocumentFile;
  can: readonly string[];
  held: string | null;
  onAsk: (ask: Ask) => void;
  onDelete: (file: DocumentFile) => void;
}

function Toolbar({ file, can, held, onAsk, onDelete }: ToolbarProps) {
  const me = useMe();
  const locked = held !== null && held !== me.username ? `${held} holds it.` : null;
  const write = can.includes("write") ? locked : "You may look here, not change.";
  const remove = can.includes("delete") ? locked : "You may look here, not delete.";
  return (
    <Group gap="xs" role="toolbar" aria-label="What to do with it">
      {file.current_version_id && (
        <Button
          component="a"
          href={downloadUrl(file.id)}
          download
          size="xs"
          leftSection={<IconDownload size={15} />}
        >
          Download
        </Button>
      )}
      <BlockableButton
        size="xs"
        variant="default"
        leftSection={<IconUpload size={15} />}
        reason={write}
        onClick={() => onAsk({ name: "version", file, submit: false })}
      >
        New version…
      </BlockableButton>
      {file.bucket_type !== "users" && (
        <BlockableButton
          size="xs"
          variant="default"
          leftSection={<IconSend size={15} />}
          reason={write}
          onClick={() => onAsk({ name: "version", file, submit: true })}
        >
          Submit for approval…
        </BlockableButton>
      )}
      <Menu position="bottom-end" width={240} shadow="md">
        <Menu.Target>
          <Button size="xs" variant="default" px={8} aria-label="More">
            <IconDots size={16} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconFolderSymlink size={16} stroke={1.7} />}
            disabled={write !== null}
            onClick={() => onAsk({ name: "move", rows: [rowOfFile(file)] })}
          >
            Rename or move…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconPencil size={16} stroke={1.7} />}
            disabled={!can.includes("write")}
            onClick={() => onAsk({ name: "describe", file })}
          >
            Describe…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconTrash size={16} stroke={1.7} />}
            disabled={remove !== null}
            onClick={() => onDelete(file)}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

function Facts({ file, status }: { file: DocumentFile; status: string | null }) {
  return (
    <dl className={classes.facts}>
      {status && (
        <>
          <dt>Status</dt>
          <dd>
            <StatusMark status={status} />
          </dd>
        </>
      )}
      <dt>Version</dt>
      <dd className="tabular">
        {file.version || "none"}, {sizeText(file.size)}
      </dd>
      <dt>Type</dt>
      <dd>{file.mime_type ?? "unknown"}</dd>
      <dt>Owner</dt>
      <dd>{file.owner_name ?? "somebody who has left"}</dd>
      <dt>Changed</dt>
      <dd>
        <At at={file.updated_at} />
      </dd>
      <dt>Created</dt>
      <dd>
        <At at={file.created_at} />
      </dd>
    </dl>
  );
}
