import Guacamole from "guacamole-common-js";
import type { Screen, ScreenOptions } from "./screen";

const DELETE_KEY = 0xffff;
const CTRL_KEY = 0xffe3;
const ALT_KEY = 0xffe9;

/** Show a desktop by guacd, where the server has one. */
export function openGuacd(target: HTMLElement, options: ScreenOptions): Screen {
  let over = false;
  const tunnel = ticketTunnel(options.url, options.ticket, (code, reason) => {
    if (over) return;
    over = true;
    options.onClosed(code, reason);
  });
  const client = new Guacamole.Client(tunnel);
  const display = client.getDisplay();
  const element = display.getElement();
  target.append(element);
  let viewOnly = options.viewOnly;
  const fit = (): void => {
    const { clientWidth: width, clientHeight: height } = target;
    if (display.getWidth() && display.getHeight()) display.scale(Math.min(width / display.getWidth(), height / display.getHeight()));
    if (!viewOnly) client.sendSize(width, height);
  };
  display.onresize = () => {
    display.scale(Math.min(target.clientWidth / display.getWidth(), target.clientHeight / display.getHeight()));
  };
  client.onstatechange = (state: number) => {
    if (state === CONNECTED) {
      options.onOpen();
      fit();
    }
  };
  client.onclipboard = (stream, mimetype) => {
    if (!options.copyOut || !mimetype.startsWith("text/")) return;
    const reader = new Guacamole.StringReader(stream);
    let text = "";
    reader.ontext = (more) => {
      text += more;
    };
    reader.onend = () => options.onCopied(text);
  };
  const mouse = new Guacamole.Mouse(element);
  mouse.onEach(["mousedown", "mouseup", "mousemove"], (event) => {
    if (!viewOnly) client.sendMouseState((event as Guacamole.Mouse.Event).state, true);
  });
  target.tabIndex = 0;
  const keyboard = new Guacamole.Keyboard(target);
  keyboard.onkeydown = (key: number) => {
    if (!viewOnly) client.sendKeyEvent(1, key);
    return false;
  };
  keyboard.onkeyup = (key: number) => {
    if (!viewOnly) client.sendKeyEvent(0, key);
  };
  const watch = new ResizeObserver(fit);
  watch.observe(target);
  client.connect("");
  return {
    setViewOnly: (next) => {
      viewOnly = next;
    },
    focus: () => target.focus({ preventScroll: true }),
    paste: (text) => {
      if (!options.pasteIn || viewOnly) return;
      const writer = new Guacamole.StringWriter(client.createClipboardStream("text/plain"));
      writer.sendText(text);
      writer.sendEnd();
    },
    sendCtrlAltDel: () => {
      if (viewOnly) return;
      const keys = [CTRL_KEY, ALT_KEY, DELETE_KEY];
      for (const key of keys) client.sendKeyEvent(1, key);
      for (const key of keys.reverse()) client.sendKeyEvent(0, key);
    },
    close: () => {
      over = true;
      watch.disconnect();
      client.disconnect();
      element.remove();
    },
  };
}

const CONNECTED: Guacamole.Client.State = 3;
const OPEN: Guacamole.Tunnel.State = 1;
const CLOSED: Guacamole.Tunnel.State = 2;

/** As the library's own tunnel by WebSocket, with the ticket as a subprotocol: that one has everything in its address. */
function ticketTunnel(url: string, ticket: string, onClosed: (code: number, reason: string) => void): Guacamole.Tunnel {
  let socket: WebSocket | null = null;
  // The library's types leave this method out, and that the class can be made.
  const Tunnel = Guacamole.Tunnel as unknown as new () => Guacamole.Tunnel & { setState: (state: Guacamole.Tunnel.State) => void };
  const tunnel = new Tunnel();
  tunnel.connect = () => {
    const parser = new Guacamole.Parser();
    parser.oninstruction = (opcode, parameters) => tunnel.oninstruction?.(opcode, parameters);
    socket = new WebSocket(url, ["guacamole", `ticket.${ticket}`]);
    socket.onopen = () => tunnel.setState(OPEN);
    socket.onmessage = ({ data }) => parser.receive(String(data));
    socket.onclose = ({ code, reason }) => {
      tunnel.setState(CLOSED);
      onClosed(code, reason);
    };
  };
  tunnel.disconnect = () => socket?.close();
  tunnel.sendMessage = (...elements: unknown[]) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(message(elements));
  };
  return tunnel;
}

/** An instruction on the wire: `4.sync,5.12345;`, each length in code points. */
function message(elements: readonly unknown[]): string {
  return `${elements.map((each) => `${[...String(each)].length}.${String(each)}`).join(",")};`;
}
