import { Button, Group } from "@mantine/core";
import { IconFolderOff, IconFolderOpen, IconLockSquareRounded, IconSearchOff } from "@tabler/icons-react";
import { Problem } from "../../../api/problem";
import { showPalette } from "../../../overlays/overlays";
import { folderLink, parentOf, type Place } from "../places";
import { Empty } from "../../../ui/Empty";
import { Link } from "../../../ui/Link";
import { Refusal } from "../../../ui/Refusal";

interface Props {
  filter: string;
  mayWrite: boolean;
  onClear: () => void;
  onUpload: () => void;
}

export function FolderEmpty({ filter, mayWrite, onClear, onUpload }: Props) {
  if (filter.trim()) {
    return (
      <Empty
        Icon={IconSearchOff}
        title={`Nothing here is called “${filter.trim()}”`}
        action={
          <Group gap="xs" justify="center">
            <Button onClick={() => showPalette(filter.trim())}>Look everywhere</Button>
            <Button variant="default" onClick={onClear}>
              Show all
            </Button>
          </Group>
        }
      >
        This looks in one folder only.
      </Empty>
    );
  }
  return (
    <Empty
      Icon={IconFolderOpen}
      title="Nothing here yet"
      action={mayWrite && <Button onClick={onUpload}>Upload files</Button>}
    >
      {mayWrite ? "Drop files or whole folders here, or choose them." : "Whoever may write here can add files."}
    </Empty>
  );
}

/** Why a folder cannot be shown, and where to go instead. */
export function FolderFailed({ error, place, onRetry }: { error: Error; place: Place; onRetry: () => void }) {
  const status = error instanceof Problem ? error.status : 0;
  if (status === 404) {
    return (
      <Empty
        Icon={IconFolderOff}
        title="This folder is gone"
        action={
          <Button component={Link} to={folderLink({ ...place, path: parentOf(place.path) })}>
            Go one up
          </Button>
        }
      >
        Somebody has moved or deleted it, or the address is wrong.
      </Empty>
    );
  }
  if (status === 403 || status === 400) {
    return (
      <Empty
        Icon={IconLockSquareRounded}
        title="You may not look in here"
        action={
          <Button component={Link} to="/documents">
            Go to my files
          </Button>
        }
      >
        {error.message}
      </Empty>
    );
  }
  return (
    <div className="panel-pad">
      <Refusal error={error} onRetry={onRetry} />
    </div>
  );
}
