import { Anchor, Breadcrumbs, Button } from "@mantine/core";
import { IconDownload, IconFile, IconFolder, IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { hide } from "../../../overlays/overlays";
import { sizeText } from "../../../ui/bytes";
import { Dialog } from "../../../ui/Dialog";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { Ago } from "../../../ui/Time";
import { complain, say } from "../../../ui/toast";
import { filesQuery } from "../queries";
import { fileUrl, sendFile } from "../requests";
import { shortName } from "../states";
import type { Desktop } from "../types";
import classes from "./dialogs.module.css";

/** The home of a running desktop: files are sent to it and fetched from it. */
export function FilesDialog({ desktop }: { desktop: Desktop }) {
  const { name } = desktop;
  const [path, setPath] = useState("");
  const [sending, setSending] = useState<string | null>(null);
  const query = useQuery(filesQuery(name, path));
  const chooser = useRef<HTMLInputElement>(null);
  const folders = path ? path.split("/") : [];
  const at = (entry: string): string => (path ? `${path}/${entry}` : entry);

  const send = async (files: readonly File[]): Promise<void> => {
    for (const file of files) {
      setSending(file.name);
      try {
        await sendFile(name, at(file.name), file);
        say(`${file.name} is in the home`);
      } catch (error) {
        complain(error);
      }
    }
    setSending(null);
  };

  return (
    <Dialog title={`Files of ${shortName(name)}`} size="lg" onClose={hide}>
      <div className={classes.filesHead}>
        <Breadcrumbs>
          <Anchor component="button" type="button" onClick={() => setPath("")}>
            Home
          </Anchor>
          {folders.map((folder, index) => (
            <Anchor key={index} component="button" type="button" onClick={() => setPath(folders.slice(0, index + 1).join("/"))}>
              {visible(folder)}
            </Anchor>
          ))}
        </Breadcrumbs>
        <span style={{ flex: 1 }} />
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          aria-label="Files to send"
          onChange={(event) => {
            void send([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        <Button size="xs" variant="default" leftSection={<IconUpload size={15} />} loading={sending !== null} onClick={() => chooser.current?.click()}>
          Send files
        </Button>
      </div>
      <ListState query={query} />
      {query.data?.length === 0 && <p className={classes.quiet}>Nothing in this folder.</p>}
      <ul className={classes.files} aria-label="Files">
        {query.data?.map((entry) => (
          <li key={entry.name}>
            {entry.is_folder ? (
              <button type="button" className={classes.entry} onClick={() => setPath(at(entry.name))}>
                <IconFolder size={16} />
                {visible(entry.name)}
              </button>
            ) : (
              <>
                <span className={classes.entry}>
                  <IconFile size={16} />
                  {visible(entry.name)}
                </span>
                <span className={classes.quiet}>{sizeText(entry.size)}</span>
                <span className={classes.quiet}>
                  <Ago at={entry.changed_at} />
                </span>
                <a className={classes.fetch} href={fileUrl(name, at(entry.name))} download={entry.name} aria-label={`Fetch ${visible(entry.name)}`}>
                  <IconDownload size={16} />
                </a>
              </>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
