import { IconClockPlus, IconEye, IconFolder, IconPlayerPlay, IconPlayerStop, IconScreenShare, IconTrash, IconUsersPlus, IconX } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { complain, say } from "../../../ui/toast";
import { ExtendDialog } from "../dialogs/ExtendDialog";
import { FilesDialog } from "../dialogs/FilesDialog";
import { RemoveDialog } from "../dialogs/RemoveDialog";
import { ShareDialog } from "../dialogs/ShareDialog";
import { StopDialog } from "../dialogs/StopDialog";
import { viewLink } from "../links";
import { remove, resume, stop } from "../requests";
import { shortName } from "../states";
import { ownersIn, type DesktopAction } from "./context";

const open: DesktopAction = {
  name: "open",
  label: ({ state }) => (state === "running" ? "Open" : "Watch it start"),
  Icon: IconScreenShare,
  main: true,
  refusal: ({ state, holder, cannot }, { me }) => (holder === me && (state === "running" || state === "starting") ? (cannot.view ?? null) : undefined),
  run: ({ name }, { go }) => go(viewLink(name)),
};

/** Guests and administrators see it without keyboard and pointer, until they are given control. */
const look: DesktopAction = {
  name: "look",
  label: "Look at it",
  Icon: IconEye,
  refusal: ({ state, holder, cannot }, { me }) => (holder !== me && state === "running" ? (cannot.view ?? null) : undefined),
  run: ({ name }, { go }) => go(viewLink(name)),
};

const extend: DesktopAction = {
  name: "extend",
  label: "Extend…",
  Icon: IconClockPlus,
  refusal: ownersIn(["running", "starting"], "extend"),
  run: (desktop) => show(<ExtendDialog desktop={desktop} />),
};

const share: DesktopAction = {
  name: "share",
  label: "Share…",
  Icon: IconUsersPlus,
  refusal: (desktop, context) => (desktop.holder === context.me ? ownersIn(["running", "starting", "stopped", "queued"], "share")(desktop, context) : undefined),
  run: (desktop) => show(<ShareDialog desktop={desktop} />),
};

const files: DesktopAction = {
  name: "files",
  label: "Files…",
  Icon: IconFolder,
  refusal: (desktop, context) => (desktop.holder === context.me ? ownersIn(["running"], "files")(desktop, context) : undefined),
  run: (desktop) => show(<FilesDialog desktop={desktop} />),
};

const halt: DesktopAction = {
  name: "stop",
  label: "Stop…",
  Icon: IconPlayerStop,
  refusal: ownersIn(["running", "starting"], "stop"),
  run: (desktop) => show(<StopDialog desktop={desktop} onSubmit={() => stop(desktop.name)} />),
};

const goOn: DesktopAction = {
  name: "resume",
  label: "Resume",
  Icon: IconPlayerPlay,
  main: true,
  refusal: ownersIn(["stopped", "failed"], "resume"),
  run: ({ name }) => void resume(name).then(() => say(`${shortName(name)} starts again`), complain),
};

const leave: DesktopAction = {
  name: "leave",
  label: "Leave the queue",
  Icon: IconX,
  refusal: ownersIn(["queued"], "delete"),
  run: ({ name }) => void remove(name).then(() => say("Left the queue"), complain),
};

const destroy: DesktopAction = {
  name: "delete",
  label: "Delete…",
  Icon: IconTrash,
  danger: true,
  refusal: ownersIn(["stopped", "failed"], "delete"),
  run: (desktop) => show(<RemoveDialog desktop={desktop} />),
};

/** What can be done with a desktop, as buttons. */
export const desktopActions: readonly DesktopAction[] = [open, look, goOn, extend, share, files, leave, halt, destroy];
