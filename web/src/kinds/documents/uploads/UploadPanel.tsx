import { Progress } from "@mantine/core";
import {
  IconCheck,
  IconChevronDown,
  IconChevronUp,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconX,
} from "@tabler/icons-react";
import { memo, useState, type ComponentType } from "react";
import { FileName } from "../../../ui/FileName";
import { sizeText } from "../../../ui/bytes";
import { Link } from "../../../ui/Link";
import { visible } from "../../../ui/names";
import { absolute } from "../../../ui/time";
import type { IconProps } from "../../../ui/icon";
import { fileLink } from "../places";
import { timeLeft } from "./meter";
import type { Upload } from "./queue";
import classes from "./UploadPanel.module.css";
import { uploads, useUploads } from "./uploads";

const SHOWN_MAX = 100;
const RANK: Record<Upload["state"], number> = { failed: 0, retrying: 1, sending: 1, paused: 2, waiting: 3, done: 4 };

/** Everything on its way to the server, over whatever page is open. */
export default function UploadPanel() {
  const all = useUploads();
  const [open, setOpen] = useState(true);
  if (all.length === 0) return null;
  const shown = all
    .map((upload, index) => ({ upload, index }))
    .sort((a, b) => RANK[a.upload.state] - RANK[b.upload.state] || a.index - b.index)
    .slice(0, SHOWN_MAX)
    .map(({ upload }) => upload);
  const { text, percent, busy } = summary(all);
  return (
    <section className={classes.panel} aria-label="Uploads">
      <div className={classes.head}>
        <strong className={classes.summary} role="status">
          {text}
        </strong>
        <IconButton label={open ? "Fold the list of uploads" : "Show the uploads"} Icon={open ? IconChevronDown : IconChevronUp} onClick={() => setOpen(!open)} />
        <IconButton
          label={busy ? "Finished uploads: take them off the list" : "Close"}
          Icon={IconX}
          onClick={() => {
            if (busy) uploads.clear();
            else for (const upload of all) uploads.cancel(upload.id);
          }}
        />
      </div>
      {busy && <Progress value={percent} size={3} radius={0} aria-label="All uploads" />}
      {open && (
        <ul className={classes.list}>
          {shown.map((upload) => (
            <Item key={upload.id} upload={upload} />
          ))}
          {all.length > shown.length && (
            <li className={classes.more}>and {(all.length - shown.length).toLocaleString()} more</li>
          )}
        </ul>
      )}
    </section>
  );
}

function summary(all: readonly Upload[]): { text: string; percent: number; busy: boolean } {
  let total = 0;
  let sent = 0;
  let perSecond = 0;
  let done = 0;
  let failed = 0;
  let left = 0;
  for (const upload of all) {
    total += upload.file.size;
    sent += Math.min(upload.sent, upload.file.size);
    perSecond += upload.perSecond ?? 0;
    if (upload.state === "done") done += 1;
    else if (upload.state === "failed") failed += 1;
    else left += 1;
  }
  const count = (n: number): string => (n === 1 ? "1 file" : `${n.toLocaleString()} files`);
  const time = timeLeft(total - sent, perSecond);
  const percent = total ? (sent / total) * 100 : 0;
  if (left) {
    const text = `Uploading ${count(left)}${time ? `, ${time} left` : ""}`;
    return { text: failed ? `${text}, ${failed} failed` : text, percent, busy: true };
  }
  if (failed) return { text: `${count(failed)} could not be uploaded`, percent, busy: false };
  return { text: `${count(done)} uploaded`, percent: 100, busy: false };
}

const Item = memo(function Item({ upload }: { upload: Upload }) {
  const { id, file, place, state, sent, done } = upload;
  const name = place.path.slice(place.path.lastIndexOf("/") + 1);
  const spoken = visible(name);
  const running = state === "sending" || state === "retrying" || state === "waiting";
  return (
    <li className={classes.item} data-state={state}>
      <div className={classes.line}>
        {state === "done" && <IconCheck size={16} className={classes.tick} aria-hidden />}
        <span className={classes.name}>
          {done?.fileId ? (
            <Link to={fileLink(done.fileId, place)} className={classes.link}>
              <FileName name={name} />
            </Link>
          ) : (
            <FileName name={name} />
          )}
        </span>
        {running && <IconButton label={`Pause ${spoken}`} Icon={IconPlayerPause} onClick={() => uploads.pause(id)} />}
        {state === "paused" && (
          <IconButton label={`Go on with ${spoken}`} Icon={IconPlayerPlay} onClick={() => uploads.resume(id)} />
        )}
        {state === "failed" && (
          <IconButton label={`Try ${spoken} again`} Icon={IconRefresh} onClick={() => uploads.resume(id)} />
        )}
        <IconButton
          label={state === "done" || state === "failed" ? `Take ${spoken} off the list` : `Cancel ${spoken}`}
          Icon={IconX}
          onClick={() => uploads.cancel(id)}
        />
      </div>
      {state !== "done" && state !== "failed" && (
        <Progress
          value={file.size ? (sent / file.size) * 100 : 0}
          size={4}
          color={state === "paused" ? "gray" : undefined}
          aria-label={`Upload of ${spoken}`}
        />
      )}
      <div className={classes.note} role={state === "failed" ? "alert" : undefined}>
        {noteOf(upload)}
      </div>
    </li>
  );
});

function noteOf({ state, sent, file, perSecond, error, done, submit }: Upload): string {
  const size = sizeText(file.size);
  const progress = `${sizeText(Math.min(sent, file.size))} of ${size}`;
  switch (state) {
    case "waiting":
      return sent ? `${progress}, waiting` : `${size}, waiting`;
    case "retrying":
      return `${progress}. ${error?.message ?? "The server does not answer."} Trying again…`;
    case "paused":
      return `${progress}, paused`;
    case "done":
      if (submit) return `Version ${done?.version ?? ""} waits for approval`;
      return done?.version && done.version > 1 ? `${size}, version ${done.version} now` : size;
    case "failed": {
      const held = error?.heldBy;
      if (held) return `${held.holder} holds it${held.until ? ` until ${absolute(held.until)}` : ""}.`;
      return error?.message ?? "It could not be uploaded.";
    }
    default: {
      const left = timeLeft(file.size - sent, perSecond);
      return [progress, perSecond && `${sizeText(Math.round(perSecond))}/s`, left && `${left} left`].filter(Boolean).join(", ");
    }
  }
}

function IconButton({ label, Icon, onClick }: { label: string; Icon: ComponentType<IconProps>; onClick: () => void }) {
  return (
    <button type="button" className={classes.button} aria-label={label} title={label} onClick={onClick}>
      <Icon size={16} stroke={1.8} aria-hidden />
    </button>
  );
}
