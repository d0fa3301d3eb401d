import { Button, Group, Menu, Stack, Tabs } from "@mantine/core";
import { IconDots, IconDownload, IconHistory, IconListDetails } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { DocumentFile, FileMetadata } from "../../../api/types";
import { useOverlay } from "../../../overlays/overlays";
import { MenuDropdown } from "../../../ui/Dialog";
import { ActionButton } from "../../../ui/ActionButton";
import { ActionItems } from "../../../ui/ActionMenu";
import { BlockableButton } from "../../../ui/BlockableButton";
import { sizeText } from "../../../ui/bytes";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { visible } from "../../../ui/names";
import { Refusal } from "../../../ui/Refusal";
import { ThingDrawer, WholeName } from "../../../ui/ThingDrawer";
import { At } from "../../../ui/Time";
import { rightRefusal, type RowContext } from "../actions";
import { describe } from "../actions/describe";
import { move } from "../actions/move";
import { newVersion } from "../actions/newVersion";
import { remove } from "../actions/remove";
import { submit } from "../actions/submit";
import { downloadUrl } from "../downloads";
import { FileIcon } from "../FileIcon";
import { fileQuery } from "../queries";
import { rowOfFile } from "../rows";
import { StatusMark, standing } from "../status";
import { Audit } from "./Audit";
import { descriptionOf } from "./dialogs/DescribeDialog";
import box from "../../../ui/box.module.css";
import classes from "./FileDrawer.module.css";
import { LockCard } from "./LockCard";
import { Preview } from "./Preview";
import { Versions } from "./Versions";

interface Props {
  fileId: string;
  context: RowContext;
  /** Something lies over the drawer: Escape is meant for that. */
  covered: boolean;
  onDelete: (file: DocumentFile) => void;
  onRestore: (file: DocumentFile) => void;
  /** Where the file turned out to be. */
  onPlace: (file: DocumentFile) => void;
  onClose: () => void;
}

export default function FileDrawer(props: Props) {
  const overlay = useOverlay();
  const { data, error, isPending, refetch } = useQuery(fileQuery(props.fileId));
  const { onPlace } = props;
  const file = data?.file;
  useEffect(() => {
    if (file) onPlace(file);
  }, [file, onPlace]);
  return (
    <ThingDrawer
      title={file ? visible(file.name) : "Document"}
      icon={file && <FileIcon name={file.name} mime={file.mime_type} size={20} />}
      size={540}
      covered={props.covered || overlay !== null}
      onClose={props.onClose}
    >
      {isPending && <ListSkeleton />}
      <Refusal error={error} onRetry={() => void refetch()} />
      {data && <Details {...props} data={data} />}
    </ThingDrawer>
  );
}

function Details({ data, context, onDelete, onRestore }: Props & { data: FileMetadata }) {
  const { file } = data;
  const { can, holdOf, onAsk } = context;
  const versions = data.versions ?? [];
  const [picked, setPicked] = useState<string | null>(null);
  const shown = versions.find((version) => version.id === picked) ?? data.current_version;
  const hold = holdOf(file);
  const description = descriptionOf(file);
  return (
    <Stack gap="md">
      <WholeName name={file.logical_path} />
      {file.is_deleted ? (
        <section className={box.card} aria-label="Deleted">
          <p style={{ margin: 0 }}>It is deleted. Bringing it back restores it with its history.</p>
          <Group gap="xs">
            <BlockableButton size="xs" reason={rightRefusal(can, "write")} onClick={() => onRestore(file)}>
              Bring it back
            </BlockableButton>
            <BlockableButton
              size="xs"
              variant="default"
              reason={rightRefusal(can, "delete")}
              onClick={() => onAsk({ name: "destroy", file })}
            >
              Delete for good…
            </BlockableButton>
          </Group>
        </section>
      ) : (
        <>
          <Toolbar file={file} context={context} onDelete={onDelete} />
          <LockCard file={file} context={context} />
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
      {file.damaged && (
        <p className={classes.quiet} role="status">
          Its description and tags are damaged in the database and cannot be read. Describing it anew replaces them.
        </p>
      )}
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
  context: RowContext;
  onDelete: (file: DocumentFile) => void;
}

function Toolbar({ file, context, onDelete }: ToolbarProps) {
  const about = { subject: rowOfFile(file), context };
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
      <ActionButton action={newVersion} {...about} />
      <ActionButton action={submit} {...about} />
      <Menu position="bottom-end" width={240} shadow="md">
        <Menu.Target>
          <Button size="xs" variant="default" px={8} aria-label="More">
            <IconDots size={16} />
          </Button>
        </Menu.Target>
        <MenuDropdown>
          <ActionItems actions={[move, describe]} {...about} />
          <Menu.Divider />
          <ActionItems actions={[{ ...remove, run: () => onDelete(file) }]} {...about} />
        </MenuDropdown>
      </Menu>
    </Group>
  );
}

function Facts({ file, status }: { file: DocumentFile; status: string | null }) {
  return (
    <dl className={box.facts}>
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
