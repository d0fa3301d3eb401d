import { apiUrl } from "../../../api/base";

/** Why a view was closed, by the code that the server closes it with. */
const CLOSED: Record<number, { text: string; again: boolean }> = {
  4001: { text: "The desktop has ended.", again: false },
  4002: { text: "This ticket was used, or is too old.", again: true },
  4003: { text: "This page may not open it.", again: false },
  4004: { text: "You have opened it elsewhere.", again: true },
  4005: { text: "Too many look at it already.", again: true },
  4006: { text: "The desktop cannot be reached.", again: true },
  4007: { text: "You may no longer see it.", again: false },
};

export interface Over {
  text: string;
  /** A new ticket may open it again: the connection broke. */
  again: boolean;
}

export interface ScreenOptions {
  /** The address of the WebSocket, and the ticket that opens it, which goes beside it. */
  url: string;
  ticket: string;
  viewOnly: boolean;
  copyOut: boolean;
  pasteIn: boolean;
  onOpen: () => void;
  onClosed: (code: number, reason: string) => void;
  onCopied: (text: string) => void;
}

// The protocols come in files of their own, which import nothing else of the page: what they shared with it would be
// taken out of the page's first file.

/** A desktop on screen, whichever protocol brings it. */
export interface Screen {
  setViewOnly: (viewOnly: boolean) => void;
  /** Give the keyboard to the desktop. */
  focus: () => void;
  /** What is copied here can be pasted there. */
  paste: (text: string) => void;
  sendCtrlAltDel: () => void;
  close: () => void;
}

export function overBy(code: number, reason: string): Over {
  const known = CLOSED[code];
  if (known) return { text: reason || known.text, again: known.again };
  return { text: reason || "The connection is broken.", again: true };
}

/** The address of a WebSocket of the API. */
export function socketUrl(path: string): string {
  const url = new URL(apiUrl(path), document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
