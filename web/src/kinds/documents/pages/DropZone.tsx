import { IconCloudUpload } from "@tabler/icons-react";
import { useRef, useState, type DragEvent, type ReactNode } from "react";
import { chosenFromDrop, holdsFiles, type Chosen } from "../uploads/drop";
import { complain } from "../../../ui/toast";
import classes from "./Documents.module.css";

interface Props {
  className: string | undefined;
  /** What it is called where the files would go. */
  into: string;
  /** Why nothing may be dropped here; null when it may. */
  refused: string | null;
  onFiles: (files: Chosen[]) => void;
  children: ReactNode;
}

/** Takes files and folders that are dragged in from outside. The button beside it does the same for a keyboard. */
export function DropZone({ className, into, refused, onFiles, children }: Props) {
  // Every child that is crossed enters and leaves, too.
  const depth = useRef(0);
  const [over, setOver] = useState(false);
  const leave = (): void => {
    depth.current = 0;
    setOver(false);
  };
  const ours = (event: DragEvent): boolean => {
    if (!holdsFiles(event.dataTransfer)) return false;
    event.preventDefault();
    return true;
  };
  return (
    <div
      className={className}
      onDragEnter={(event) => {
        if (!ours(event)) return;
        depth.current += 1;
        setOver(true);
      }}
      onDragOver={(event) => {
        if (ours(event)) event.dataTransfer.dropEffect = refused ? "none" : "copy";
      }}
      onDragLeave={(event) => {
        if (!holdsFiles(event.dataTransfer)) return;
        depth.current -= 1;
        if (depth.current <= 0) leave();
      }}
      onDrop={(event) => {
        if (!ours(event)) return;
        leave();
        if (refused) complain(new Error(refused));
        else chosenFromDrop(event.dataTransfer).then(onFiles, complain);
      }}
    >
      {children}
      {over && (
        <div className={classes.drop} data-refused={refused !== null || undefined}>
          <IconCloudUpload size={34} stroke={1.5} aria-hidden />
          <span>{refused ?? `Drop to upload to ${into}`}</span>
        </div>
      )}
    </div>
  );
}
