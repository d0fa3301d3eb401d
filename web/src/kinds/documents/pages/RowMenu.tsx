import { Menu } from "@mantine/core";
import { IconDownload, IconFileZip, IconLink } from "@tabler/icons-react";
import { serverUrl } from "../../../api/base";
import { ActionItems, ActionMenu } from "../../../ui/ActionMenu";
import { copyText } from "../../../ui/CopyLine";
import { say } from "../../../ui/toast";
import { rowActions, type RowContext } from "../actions";
import { downloadUrl, zipUrl } from "../downloads";
import { fileLink, folderLink, type Bucket } from "../places";
import type { Row } from "../rows";

interface Props {
  row: Row;
  bucket: Bucket;
  context: RowContext;
}

/** Everything that can be done with a file or a folder. */
export function RowMenu({ row, bucket, context }: Props) {
  const place = { ...bucket, path: row.path };
  const link = row.type === "file" ? fileLink(row.id, place) : folderLink(place);
  return (
    <ActionMenu of={row.name}>
      {(onChosen) => (
        <>
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
          {row.type === "folder" && (
            <Menu.Item
              component="a"
              href={zipUrl(place)}
              download
              leftSection={<IconFileZip size={16} stroke={1.7} aria-hidden />}
            >
              Download as ZIP
            </Menu.Item>
          )}
          <ActionItems actions={rowActions} subject={row} context={context} onChosen={onChosen} />
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconLink size={16} stroke={1.7} aria-hidden />}
            onClick={async () => {
              if (await copyText(serverUrl() + link)) say("Copied the link");
            }}
          >
            Copy the link
          </Menu.Item>
        </>
      )}
    </ActionMenu>
  );
}
