import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconFileUpload, IconFolderUp, IconUpload } from "@tabler/icons-react";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import { chosenFrom, type Chosen } from "../uploads/drop";
import { MenuDropdown } from "../../../ui/Dialog";
import { BlockableButton } from "../../../ui/BlockableButton";
import { useNarrow } from "../../../ui/useNarrow";

export interface UploadHandle {
  choose(): void;
}

interface Props {
  refused: string | null;
  onFiles: (files: Chosen[]) => void;
  handle: Ref<UploadHandle>;
}

export function UploadButton({ refused, onFiles, handle }: Props) {
  const narrow = useNarrow();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useImperativeHandle(handle, () => ({ choose: () => files.current?.click() }), []);
  useEffect(() => {
    // React has no property of that name.
    folder.current?.setAttribute("webkitdirectory", "");
  }, []);
  const input = (which: typeof files, label: string): React.ReactNode => (
    <input
      ref={which}
      type="file"
      multiple
      hidden
      aria-label={label}
      onChange={(event) => {
        onFiles(chosenFrom(event.currentTarget.files));
        event.currentTarget.value = ""; // the same file may be chosen again
      }}
    />
  );
  return (
    <Button.Group>
      {input(files, "Files to upload")}
      {input(folder, "Folder to upload")}
      <BlockableButton
        size="xs"
        reason={refused}
        leftSection={narrow ? undefined : <IconUpload size={15} />}
        px={narrow ? 8 : undefined}
        aria-label="Upload files"
        onClick={() => files.current?.click()}
      >
        {narrow ? <IconUpload size={16} /> : "Upload"}
      </BlockableButton>
      {!refused && (
        <Menu position="bottom-end" width={190} shadow="md">
          <Menu.Target>
            <Button size="xs" px={6} aria-label="More ways to upload" style={{ borderLeft: "1px solid rgb(255 255 255 / 25%)" }}>
              <IconChevronDown size={15} />
            </Button>
          </Menu.Target>
          <MenuDropdown>
            <Menu.Item leftSection={<IconFileUpload size={16} stroke={1.7} />} onClick={() => files.current?.click()}>
              Files…
            </Menu.Item>
            <Menu.Item leftSection={<IconFolderUp size={16} stroke={1.7} />} onClick={() => folder.current?.click()}>
              A whole folder…
            </Menu.Item>
          </MenuDropdown>
        </Menu>
      )}
    </Button.Group>
  );
}
