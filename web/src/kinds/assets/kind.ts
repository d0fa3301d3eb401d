import { IconFile, IconLock } from "@tabler/icons-react";
import type { Kind } from "../../things/kind";
import { askToLock, askToNotify } from "./dialogs";
import { assetLink } from "./links";
import { looksLikePath, normalisePath } from "./paths";
import { releaseLocks } from "./requests";

export const asset: Kind = {
  name: "asset",
  label: "Asset",
  plural: "Assets",
  Icon: IconFile,
  nav: [{ to: "/assets", label: "Assets", Icon: IconFile, goKey: "a" }],
  pages: [{ path: "/assets", title: "Assets", load: () => import("./pages/AssetsPage") }],
  sentences: {
    acquired: "{actor} locked {thing}[ on {branch}][ until {expires_at}][: “{comment}”]",
    renewed: "{actor} changed the end of the lock on {thing}[ to {expires_at}]",
    released: "{actor} released {thing}[ after {held_seconds}]",
    force_released: "{actor} force-released {thing}[, held by {holder}][: “{reason}”]",
    transferred: "{actor} handed over {thing}[ from {from}][ to {to}][: “{comment}”]",
    expired: "The lock[ of {holder}] on {thing} ran out",
    queued: "{actor} is waiting for {thing}",
    unqueued: "{actor} no longer waits for {thing}",
    offered: "{holder} was told that {thing} is free",
  },
  nameOf: (key) => key,
  monospaced: true,
  askHolder: askToNotify,
  release: releaseLocks,
  take: {
    label: "Lock a path",
    itLabel: "Lock it",
    Icon: IconLock,
    labelFor: (path) => `Lock ${path}`,
    nameIn: (text) => (looksLikePath(text) ? normalisePath(text) : null),
    ask: (path) => askToLock({ path }),
  },
  link: assetLink,
};
