import { Group } from "@mantine/core";
import { IconRestore, IconTrash, IconTrashOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import type { DocumentFile } from "../../../api/types";
import { BlockableButton } from "../../../ui/BlockableButton";
import { rightRefusal } from "../actions";
import { FileIcon } from "../FileIcon";
import { fileLink, type Bucket } from "../places";
import { archivedQuery } from "../queries";
import { restore } from "../requests";
import { Empty } from "../../../ui/Empty";
import { Link } from "../../../ui/Link";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { PathText } from "../../../ui/PathText";
import { Ago } from "../../../ui/Time";
import { complain, say } from "../../../ui/toast";
import { visible } from "../../../ui/names";
import { useNarrow } from "../../../ui/useNarrow";
import { VirtualList } from "../../../ui/VirtualList";
import type { Ask } from "../ask";
import classes from "./Documents.module.css";
import { FolderFailed } from "./FolderEmpty";

export async function restoreNow(file: DocumentFile): Promise<void> {
  try {
    await restore([file.id]);
    say(`${file.name} is back`);
  } catch (error) {
    complain(error);
  }
}

interface Props {
  bucket: Bucket;
  filter: string;
  /** What the server lets the person do here. */
  can: readonly string[];
  onAsk: (ask: Ask) => void;
  onOpen: (file: DocumentFile) => void;
}

/** What was deleted in a bucket and can be brought back. */
export function Deleted({ bucket, filter, can, onAsk, onOpen }: Props) {
  const narrow = useNarrow();
  const { data, error, isPending, refetch } = useQuery(archivedQuery(bucket));
  const heightOf = useCallback(() => (narrow ? 84 : 44), [narrow]);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const files = data?.files.filter((file) => words.every((word) => file.logical_path.toLowerCase().includes(word))) ?? [];
  if (isPending) return <ListSkeleton />;
  if (error && !data) return <FolderFailed error={error} place={{ ...bucket, path: "" }} onRetry={() => void refetch()} />;
  if (files.length === 0) {
    return (
      <Empty Icon={IconTrashOff} title={words.length ? "No deleted file is called that" : "Nothing is deleted here"}>
        Deleted files stay here, with their history, until somebody deletes them for good.
      </Empty>
    );
  }
  const all = data?.pagination.total_items ?? 0;
  return (
    <>
    <div className={classes.count} role="status">
      {words.length ? `${files.length.toLocaleString()} of ` : ""}
      {all === 1 ? "1 deleted file" : `${all.toLocaleString()} deleted files`}
      {data && all > data.files.length && `, the first ${data.files.length.toLocaleString()} shown`}
    </div>
    <VirtualList
      label="Deleted files"
      items={files}
      heightOf={heightOf}
      idOf={idOf}
      onOpen={onOpen}
      render={(file) => (
        <div className={classes.deleted} role="cell">
          <span className={classes.nameCell}>
            <FileIcon name={file.name} mime={file.mime_type} />
            <Link
              to={`${fileLink(file.id, { ...bucket, path: file.logical_path })}&view=deleted`}
              className={classes.name}
              tabIndex={-1}
            >
              <PathText path={file.logical_path} />
            </Link>
          </span>
          <span className={classes.quiet}>
            <Ago at={file.updated_at} />
          </span>
          <Group gap={6} wrap="nowrap">
            <BlockableButton
              size="compact-xs"
              variant="default"
              reason={rightRefusal(can, "write")}
              leftSection={<IconRestore size={14} />}
              aria-label={`Bring back ${visible(file.name)}`}
              onClick={() => void restoreNow(file)}
            >
              Bring back
            </BlockableButton>
            <BlockableButton
              size="compact-xs"
              variant="subtle"
              reason={rightRefusal(can, "delete")}
              c="var(--crib-over)"
              leftSection={<IconTrash size={14} />}
              aria-label={`Delete ${visible(file.name)} for good`}
              onClick={() => onAsk({ name: "destroy", file })}
            >
              For good…
            </BlockableButton>
          </Group>
        </div>
      )}
    />
    </>
  );
}

function idOf(file: DocumentFile): string {
  return file.id;
}
