import { Button } from "@mantine/core";
import { IconExternalLink, IconFileOff } from "@tabler/icons-react";
import { sizeText } from "../../../ui/bytes";
import { visible } from "../../../ui/names";
import type { PartContext } from "../actions";
import { fileUrl, nameOfRevision } from "../files";
import { DrawingSource } from "../onshape/DrawingSource";
import type { Part, PartFile } from "../types";
import { nameOf } from "../words";
import classes from "./Part.module.css";

/** The PDF drawing: in place where the browser shows PDFs, else as a link. */
export function Drawing({ part, file, context }: { part: Part; file: PartFile | null; context: PartContext }) {
  const inPlace = navigator.pdfViewerEnabled;
  return (
    <section className={`panel ${classes.look}`} aria-label="Drawing">
      <h2 className={classes.lookName}>
        Drawing
        {file && <span className={classes.dim}>{nameOfRevision(file)}</span>}
        <span style={{ flex: 1 }} />
        {file && (
          <Button
            component="a"
            href={fileUrl(part, file, true)}
            target="_blank"
            rel="noopener"
            size="compact-xs"
            variant="subtle"
            rightSection={<IconExternalLink size={14} aria-hidden />}
          >
            Open
          </Button>
        )}
      </h2>
      <DrawingSource part={part} context={context} />
      <div className={classes.lookBody} data-empty={!file || !inPlace || undefined}>
        {!file ? (
          <div className={classes.nothing}>
            <IconFileOff size={26} stroke={1.5} aria-hidden />
            <span>No drawing yet</span>
          </div>
        ) : inPlace ? (
          <iframe
            key={file.id}
            className={classes.drawing}
            src={`${fileUrl(part, file, true)}#navpanes=0&view=FitH`}
            title={`Drawing of ${visible(nameOf(part))}`}
          />
        ) : (
          <div className={classes.nothing}>
            <span>
              {visible(file.name)}, {sizeText(file.size)}
            </span>
            <Button component="a" href={fileUrl(part, file, true)} target="_blank" rel="noopener" variant="default">
              Open the drawing
            </Button>
          </div>
        )}
      </div>
    </section>
  );
}
