import { Button, Group } from "@mantine/core";
import { IconFileCheck, IconSearchOff } from "@tabler/icons-react";
import { Empty } from "../../../ui/Empty";
import { Link } from "../../../ui/Link";
import { askToLock } from "../dialogs";

interface Props {
  filter: string;
  folder: string;
  anything: boolean;
  onClear: () => void;
}

export function AssetsEmpty({ filter, folder, anything, onClear }: Props) {
  if (!anything && !filter) {
    return (
      <Empty
        Icon={IconFileCheck}
        title="No file is locked"
        action={
          <Group gap="xs" justify="center">
            <Button onClick={() => askToLock()}>Lock a path</Button>
            <Button component={Link} to="/settings?tab=setup" variant="default">
              Set up the command line
            </Button>
          </Group>
        }
      >
        Everybody can work on everything. Lock a file before changing one that cannot be merged.
      </Empty>
    );
  }
  const text = filter.trim();
  return (
    <Empty
      Icon={IconSearchOff}
      title={text ? `Nobody holds “${text}”` : `Nothing is locked below ${folder || "here"}`}
      action={
        <Group gap="xs" justify="center">
          {text && <Button onClick={() => askToLock({ path: text })}>Lock it</Button>}
          {text && (
            <Button component={Link} to={`/assets?path=${encodeURIComponent(text)}`} variant="default">
              Its history
            </Button>
          )}
          <Button variant="default" onClick={onClear}>
            Show all locks
          </Button>
        </Group>
      }
    >
      {text ? "It is free to take, if that is the whole path." : "Choose another folder to see its locks."}
    </Empty>
  );
}
