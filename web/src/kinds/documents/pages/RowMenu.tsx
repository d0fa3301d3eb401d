import { Menu } from "@mantine/core";
import {
  IconDots,
  IconDownload,
  IconFolderSymlink,
  IconLink,
  IconLock,
  IconLockOpen,
  IconSend,
  IconTrash,
  IconUpload,
} from "@tabler/icons-react";
import { useRef, useState, type ComponentType } from "react";
import { serverUrl } from "../../../api/base";
import claimClasses from "../../../claims/claims.module.css";
import { downloadUrl } from "../downloads";
import { fileLink, folderLink, type Bucket } from "../places";
import type { Row } from "../rows";
import type { IconProps } from "../../../ui/icon";
import { copyText } from "../../../ui/CopyLine";
import { visible } from "../../../ui/names";
import { say } from "../../../ui/toast";
import type { RowVerb, RowVerbs } from "./useRowVerbs";

const ITEMS: { verb: RowVerb; label: string; Icon: ComponentType<IconProps> }[] = [
  { verb: "version", label: "New version…", Icon: IconUpload },
  { verb: "submit", label: "Submit for approval…", Icon: IconSend },
  { verb: "lock", label: "Lock…", Icon: IconLock },
  { verb: "unlock", label: "Unlock", Icon: IconLockOpen },
  { verb: "move", label: "Rename or move…", Icon: IconFolderSymlink },
  { verb: "delete", label: "Delete", Icon: IconTrash },
];

interface Props {
  row: Row;
  bucket: Bucket;
  verbs: RowVerbs;
}

/** Everything that can be done with a row. Drawn only once opened: lists have many rows. */
export function RowMenu({ row, bucket, verbs }: Props) {
  const [opened, setOpened] = useState(false);
  const [used, setUsed] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const button = (
    <button
      ref={opener}
      type="button"
      className={claimClasses.more}
      aria-label={`Actions for ${visible(row.name)}`}
      aria-haspopup="menu"
      aria-expanded={opened}
      onClick={() => {
        setUsed(true);
        setOpened((now) => !now);
      }}
    >
      <IconDots size={18} />
    </button>
  );
  if (!used) return button;
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" width={250} shadow="md" withinPortal>
      <Menu.Target>{button}</Menu.Target>
      <Items row={row} bucket={bucket} verbs={verbs} onChosen={() => opener.current?.focus()} />
    </Menu>
  );
}

function Items({ row, bucket, verbs, onChosen }: Props & { onChosen: () => void }) {
  const link = row.type === "file" ? fileLink(row.id, { ...bucket, path: row.path }) : folderLink({ ...bucket, path: row.path });
  return (
    <Menu.Dropdown>
      {row.type === "file" && row.file.current_version_id && (
        <Menu.Item
          component="a"
          href={downloadUrl(row.id)}
          download
          leftSection={<IconDownload size={16} stroke={1.7} aria-hidden />}
        >
          Download
        </Menu.Item>
      )}
      {ITEMS.map(({ verb, label, Icon }) => {
        const reason = verbs.reason(verb, row);
        if (reason === undefined) return null;
        return (
          <Menu.Item
            key={verb}
            leftSection={<Icon size={16} stroke={1.7} aria-hidden />}
            disabled={reason !== null}
            classNames={{ item: claimClasses.menuItem }}
            onClick={() => {
              onChosen();
              verbs.run(verb, row);
            }}
          >
            {label}
            {reason && <span className={claimClasses.reason}>{reason}</span>}
          </Menu.Item>
        );
      })}
      <Menu.Divider />
      <Menu.Item
        leftSection={<IconLink size={16} stroke={1.7} aria-hidden />}
        onClick={async () => {
          if (await copyText(serverUrl() + link)) say("Copied the link");
        }}
      >
        Copy the link
      </Menu.Item>
    </Menu.Dropdown>
  );
}
