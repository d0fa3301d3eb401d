import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { DocumentFile, DocumentVersion } from "../../../api/types";
import { downloadUrl, previewKind, probe, readText, tooBigToShow, type PreviewKind } from "../downloads";
import { sizeText } from "../../../ui/bytes";
import { visible } from "../../../ui/names";
import { Refusal } from "../../../ui/Refusal";
import box from "../../../ui/box.module.css";
import classes from "./FileDrawer.module.css";

interface Props {
  file: DocumentFile;
  version: DocumentVersion;
}

/** What a version looks like, for kinds of files a browser shows without running anything in them. */
export function Preview({ file, version }: Props) {
  const kind = previewKind(version.mime_type, file.name);
  const [wanted, setWanted] = useState(false);
  if (version.status === "corrupted") {
    return (
      <p className={`${box.card} ${classes.quiet}`} role="status">
        The store has lost the bytes of version {version.version_number}. Uploading the same file once more brings them
        back.
      </p>
    );
  }
  if (!kind) return null;
  if (tooBigToShow(kind, version.size) && !wanted) {
    return (
      <div className={classes.previewNote}>
        <span>It has {sizeText(version.size)}: showing it may take a while.</span>
        <Button size="compact-xs" variant="default" onClick={() => setWanted(true)}>
          Show it all the same
        </Button>
      </div>
    );
  }
  return (
    <figure className={classes.preview} data-kind={kind} aria-label={`Preview of version ${version.version_number}`}>
      <Shown key={version.id} kind={kind} file={file} version={version} />
    </figure>
  );
}

function Shown({ kind, file, version }: Props & { kind: PreviewKind }) {
  const [failed, setFailed] = useState(false);
  const url = downloadUrl(file.id, { version: version.id, inline: true });
  const there = useQuery({
    queryKey: ["document-there", version.id],
    queryFn: ({ signal }) => probe(url, signal),
    enabled: kind !== "text",
    gcTime: 0,
    retry: 1,
  });
  if (kind === "text") return <TextPreview file={file} version={version} />;
  if (there.error) return <Refusal error={there.error} onRetry={() => void there.refetch()} />;
  if (there.isPending) return <p className={classes.previewNote}>Reading…</p>;
  if (failed) return <p className={classes.previewNote}>It cannot be shown: the file is damaged, or no picture.</p>;
  if (kind === "image") {
    return <img className={classes.image} src={url} alt={visible(file.name)} onError={() => setFailed(true)} />;
  }
  return (
    <iframe
      className={classes.pdf}
      src={`${url}#navpanes=0&view=FitH`}
      title={`Preview of ${visible(file.name)}`}
    />
  );
}

function TextPreview({ file, version }: Props) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["document-text", version.id],
    queryFn: ({ signal }) => readText(downloadUrl(file.id, { version: version.id }), version.size, signal),
    // What a version holds never changes.
    staleTime: Infinity,
    gcTime: 60_000,
  });
  if (isPending) return <p className={classes.previewNote}>Reading…</p>;
  if (error) return <Refusal error={error} onRetry={() => void refetch()} />;
  if (data.binary) return <p className={classes.previewNote}>This is no text, whatever its name says.</p>;
  if (data.text === "") return <p className={classes.previewNote}>It is empty.</p>;
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, which the keyboard must reach */}
      <pre className={classes.text} tabIndex={0} aria-label="Text">
        {data.text}
      </pre>
      {data.cut && <p className={classes.previewNote}>The beginning only: it has {sizeText(version.size)}.</p>}
    </>
  );
}
