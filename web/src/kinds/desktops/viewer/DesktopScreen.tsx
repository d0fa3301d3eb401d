import { useEffect, useRef } from "react";
import { overBy, socketUrl, type Over, type Screen } from "./screen";
import classes from "./Viewer.module.css";

interface Props {
  ticket: string;
  by: "vnc" | "guacd";
  viewOnly: boolean;
  copyOut: boolean;
  pasteIn: boolean;
  label: string;
  onOpen: (screen: Screen) => void;
  onOver: (over: Over) => void;
}

/** A desktop, for as long as this is on the page; one ticket opens one. */
export function DesktopScreen({ ticket, by, viewOnly, copyOut, pasteIn, label, onOpen, onOver }: Props) {
  const target = useRef<HTMLDivElement>(null);
  const screen = useRef<Screen | null>(null);
  // What is true when it happens, not when it was opened.
  const now = useRef({ viewOnly, onOpen, onOver });
  now.current = { viewOnly, onOpen, onOver };

  useEffect(() => {
    let gone = false;
    const options = {
      url: socketUrl(by === "guacd" ? "desktops/tunnel" : "desktops/view"),
      ticket,
      viewOnly: now.current.viewOnly,
      copyOut,
      pasteIn,
      onOpen: () => {
        if (screen.current && !gone) now.current.onOpen(screen.current);
      },
      onClosed: (code: number, reason: string) => {
        if (!gone) now.current.onOver(overBy(code, reason));
      },
      onCopied: (text: string) => void navigator.clipboard?.writeText(text).catch(() => undefined),
    };
    void open(by).then(
      (opened) => {
        if (!gone && target.current) screen.current = opened(target.current, options);
      },
      () => {
        if (!gone) now.current.onOver({ text: "The viewer could not be loaded.", again: true });
      },
    );
    return () => {
      gone = true;
      screen.current?.close();
      screen.current = null;
    };
  }, [ticket, by, copyOut, pasteIn]);

  useEffect(() => screen.current?.setViewOnly(viewOnly), [viewOnly]);

  // What was copied on the person's own computer can be pasted in the desktop, once they come back to it.
  const bring = (): void => {
    if (!pasteIn || viewOnly || !document.hasFocus()) return;
    navigator.clipboard
      ?.readText?.()
      .then((text) => text && screen.current?.paste(text))
      .catch(() => undefined);
  };

  return <div ref={target} className={classes.screen} role="application" aria-label={label} onFocusCapture={bring} />;
}

async function open(by: "vnc" | "guacd") {
  return by === "guacd" ? (await import("./guacd")).openGuacd : (await import("./vnc")).openVnc;
}
