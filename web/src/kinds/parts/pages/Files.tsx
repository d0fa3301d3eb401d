import { IconCube, IconDownload, IconEye, IconFileTypePdf } from "@tabler/icons-react";
import { Button } from "@mantine/core";
import { ActionButton } from "../../../ui/ActionButton";
import { sizeText } from "../../../ui/bytes";
import { Chip } from "../../../ui/Chip";
import { FileName } from "../../../ui/FileName";
import { visible } from "../../../ui/names";
import { At } from "../../../ui/Time";
import type { PartContext } from "../actions";
import { upload } from "../actions/upload";
import { fileUrl, nameOfRevision, ofKind } from "../files";
import type { Part, PartFile } from "../types";
import classes from "./Part.module.css";

interface Props {
  part: Part;
  /** The revision of the model on screen. */
  shown: number | null;
  context: PartContext;
  onShow: (revision: number) => void;
}

/** Every model and drawing there has been, the newest first. */
export function Files({ part, shown, context, onShow }: Props) {
  const files = [...ofKind(part, "step"), ...ofKind(part, "pdf")];
  return (
    <section className={`panel ${classes.box}`} aria-labelledby="part-files">
      <h2 className={classes.boxName} id="part-files">
        Revisions
        <span style={{ flex: 1 }} />
        <ActionButton action={upload} subject={part} context={context} />
      </h2>
      {files.length === 0 && <p className={classes.quiet}>No file yet. A STEP model and a PDF drawing can be dropped on this page.</p>}
      <ul className={classes.files} aria-label="Files">
        {files.map((file) => (
          <li key={`${file.kind} ${file.id}`} className={classes.file}>
            {file.kind === "step" ? <IconCube size={18} stroke={1.6} aria-hidden /> : <IconFileTypePdf size={18} stroke={1.6} aria-hidden />}
            <div className={classes.fileText}>
              <span className={classes.fileName}>
                <strong>{nameOfRevision(file)}</strong>
                <FileName name={file.name} />
                {file.is_current && <Chip>newest</Chip>}
              </span>
              <span className={classes.dim}>
                {sizeText(file.size)}, {file.by ?? "somebody"}, <At at={file.at} />
                <Approved file={file} />
              </span>
              {file.note && <span>{visible(file.note)}</span>}
            </div>
            <div className={classes.fileTools}>
              {file.kind === "step" && file.revision !== shown && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  leftSection={<IconEye size={14} aria-hidden />}
                  aria-label={`Show ${nameOfRevision(file)}`}
                  onClick={() => onShow(file.revision)}
                >
                  Show
                </Button>
              )}
              <Button
                component="a"
                href={fileUrl(part, file)}
                download
                size="compact-xs"
                variant="subtle"
                leftSection={<IconDownload size={14} aria-hidden />}
                aria-label={`Download ${file.name}, ${nameOfRevision(file)}`}
              >
                Download
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Approved({ file }: { file: PartFile }) {
  if (!file.approved_at) return ". Not approved";
  return (
    <>
      . Approved by {file.approved_by ?? "somebody"}, <At at={file.approved_at} />
    </>
  );
}
