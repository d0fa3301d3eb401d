import { Button, Group } from "@mantine/core";
import { IconFileCheck, IconSearchOff } from "@tabler/icons-react";
import { Empty } from "../../../ui/Empty";
import { Link } from "../../../ui/Link";
import { DEFAULT_PROJECT, scopeOfProject } from "../../../api/scope";
import { askToLock } from "../dialogs";
import { assetLink } from "../links";

interface Props {
  filter: string;
  /** The one chosen in the tree; null for all. */
  project: string | null;
  folder: string;
  anything: boolean;
  onClear: () => void;
}

export function AssetsEmpty({ filter, project, folder, anything, onClear }: Props) {
  const known = project ? { project } : {};
  if (!anything && !filter) {
    return (
      <Empty
        Icon={IconFileCheck}
        title="No file is locked"
        action={
          <Group gap="xs" justify="center">
            <Button onClick={() => askToLock(known)}>Lock a path</Button>
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
          {text && <Button onClick={() => askToLock({ path: text, ...known })}>Lock it</Button>}
          {text && (
            <Button component={Link} to={assetLink({ scope: scopeOfProject(project ?? DEFAULT_PROJECT), key: text })} variant="default">
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
