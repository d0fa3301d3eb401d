import RFB from "@novnc/novnc";
import type { Screen, ScreenOptions } from "./screen";

/** Show a desktop by the server's own bridge. */
export function openVnc(target: HTMLElement, options: ScreenOptions): Screen {
  const socket = new WebSocket(options.url, ["binary", `ticket.${options.ticket}`]);
  socket.binaryType = "arraybuffer";
  let over = false;
  const end = (code: number, reason: string): void => {
    if (over) return;
    over = true;
    options.onClosed(code, reason);
  };
  socket.addEventListener("close", ({ code, reason }) => end(code, reason));
  const rfb = new RFB(target, socket, { shared: true });
  rfb.viewOnly = options.viewOnly;
  rfb.scaleViewport = true;
  rfb.resizeSession = !options.viewOnly;
  rfb.background = "transparent";
  rfb.showDotCursor = true;
  rfb.addEventListener("connect", () => {
    options.onOpen();
    rfb.focus({ preventScroll: true });
  });
  rfb.addEventListener("disconnect", () => end(0, ""));
  rfb.addEventListener("clipboard", (event) => {
    if (options.copyOut) options.onCopied((event as CustomEvent<{ text: string }>).detail.text);
  });
  return {
    setViewOnly: (viewOnly) => {
      rfb.viewOnly = viewOnly;
      rfb.resizeSession = !viewOnly;
    },
    focus: () => rfb.focus({ preventScroll: true }),
    paste: (text) => {
      if (options.pasteIn) rfb.clipboardPasteFrom(text);
    },
    sendCtrlAltDel: () => rfb.sendCtrlAltDel(),
    close: () => {
      over = true;
      rfb.disconnect();
    },
  };
}
