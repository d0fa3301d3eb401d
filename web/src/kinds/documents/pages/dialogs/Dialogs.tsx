import type { HoldOf } from "../../hold";
import type { Place } from "../../places";
import type { Ask } from "../../ask";
import { DecideDialog } from "./DecideDialog";
import { DescribeDialog } from "./DescribeDialog";
import { DestroyDialog } from "./DestroyDialog";
import { ForceUnlockDialog } from "./ForceUnlockDialog";
import { LockFileDialog } from "./LockFileDialog";
import { MoveDialog } from "./MoveDialog";
import { NewFolderDialog } from "./NewFolderDialog";
import { RemoveFolderDialog } from "./RemoveFolderDialog";
import { SubmitAgainDialog } from "./SubmitAgainDialog";
import { VersionDialog } from "./VersionDialog";

interface Props {
  ask: Ask;
  folder: Place;
  holdOf: HoldOf;
  onClose: () => void;
}

export default function Dialogs({ ask, folder, holdOf, onClose }: Props) {
  switch (ask.name) {
    case "new-folder":
      return <NewFolderDialog folder={folder} onClose={onClose} />;
    case "move":
      return <MoveDialog bucket={folder} rows={ask.rows} onClose={onClose} />;
    case "remove-folder":
      return <RemoveFolderDialog place={{ ...folder, path: ask.row.path }} onClose={onClose} />;
    case "lock":
      return <LockFileDialog file={ask.file} onClose={onClose} />;
    case "force-unlock":
      return <ForceUnlockDialog file={ask.file} hold={holdOf(ask.file)} onClose={onClose} />;
    case "version":
      return <VersionDialog file={ask.file} submit={ask.submit} hold={holdOf(ask.file)} onClose={onClose} />;
    case "describe":
      return <DescribeDialog file={ask.file} onClose={onClose} />;
    case "destroy":
      return <DestroyDialog file={ask.file} onClose={onClose} />;
    case "decide":
      return <DecideDialog file={ask.file} version={ask.version} approve={ask.approve} onClose={onClose} />;
    case "submit-again":
      return <SubmitAgainDialog file={ask.file} version={ask.version} onClose={onClose} />;
  }
}
