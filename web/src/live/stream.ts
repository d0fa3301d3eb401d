import type { LogEvent } from "../api/types";

/** `paused`: newer streams of the same person took the place of this one. */
export type LiveState = "connecting" | "live" | "lost" | "paused";

/** The little of EventSource that is used, so that a test can stand in for the server. */
export interface Source {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  onerror: ((event: Event) => void) | null;
  close(): void;
}

export interface StreamOptions {
  open: (after: number | null) => Source;
  onEvents: (events: LogEvent[]) => void;
  onState: (state: LiveState) => void;
  /** The log is shorter than it was: another database. Nothing read so far counts. */
  onRestart?: () => void;
  /** Called when a connection could not be had; true stops trying (the session is over). */
  onFailure?: () => Promise<boolean>;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const GATHER_MS = 80;

/**
 * The event log as it grows. Opens again after every loss, from the last event seen, so that nothing
 * is missed and nothing comes twice. Events that arrive together are handed on together: ten thousand
 * locks released at once must not draw ten thousand pages.
 */
export class LiveStream {
  private source: Source | null = null;
  private seq: number | null;
  private retryMs = FIRST_RETRY_MS;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private gatherTimer: ReturnType<typeof setTimeout> | null = null;
  private gathered: LogEvent[] = [];
  private running = false;
  private paused = false;

  constructor(
    private readonly options: StreamOptions,
    after: number | null,
  ) {
    this.seq = after;
  }

  get lastSeq(): number | null {
    return this.seq;
  }

  /** Ended by the server in favour of newer ones; `start` goes on from the last event seen. */
  get isPaused(): boolean {
    return this.paused;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.paused = false;
    this.connect();
  }

  stop(): void {
    this.running = false;
    if (this.retryTimer) clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.drop();
    this.flush();
  }

  /** Give up the present connection and open another: for a machine that has just woken up. */
  reconnect(): void {
    if (!this.running) return;
    this.drop();
    if (this.retryTimer) clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.retryMs = FIRST_RETRY_MS;
    this.connect();
  }

  /** Start over from `seq`, when the page has been read afresh and older events are of no use. */
  skipTo(seq: number): void {
    this.seq = Math.max(this.seq ?? 0, seq);
  }

  private connect(): void {
    const source = this.options.open(this.seq);
    this.source = source;
    source.addEventListener("hello", (message) => {
      if (source !== this.source) return;
      this.retryMs = FIRST_RETRY_MS;
      const { seq } = JSON.parse(message.data) as { seq: number };
      if (this.seq !== null && seq < this.seq) this.options.onRestart?.();
      this.seq = seq;
      this.options.onState("live");
    });
    source.addEventListener("event", (message) => {
      if (source !== this.source) return;
      this.take(JSON.parse(message.data) as LogEvent);
    });
    // Events after `seq` were moved out of the log: what is on screen may be older than any that will come.
    source.addEventListener("gap", () => {
      if (source === this.source) this.options.onRestart?.();
    });
    source.addEventListener("end", (message) => {
      if (source !== this.source) return;
      const { reason } = JSON.parse(message.data) as { reason: string };
      if (reason === "too_many_streams") this.pause();
    });
    source.onerror = () => {
      if (source === this.source) void this.lost();
    };
  }

  private async lost(): Promise<void> {
    this.drop();
    this.options.onState("lost");
    if (await this.options.onFailure?.()) {
      this.running = false;
      return;
    }
    if (!this.running || this.source || this.retryTimer) return;
    // Spread out, so that a restarted server does not meet everybody in the same instant.
    const wait = this.retryMs * (0.75 + Math.random() / 2);
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      if (this.running) this.connect();
    }, wait);
  }

  /** To connect again at once would end another stream of the same person, which would do the same. */
  private pause(): void {
    this.stop();
    this.paused = true;
    this.options.onState("paused");
  }

  private drop(): void {
    if (!this.source) return;
    this.source.onerror = null;
    this.source.close();
    this.source = null;
  }

  private take(event: LogEvent): void {
    if (this.seq !== null && event.seq <= this.seq) return;
    this.seq = event.seq;
    this.gathered.push(event);
    this.gatherTimer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  private flush(): void {
    if (this.gatherTimer) clearTimeout(this.gatherTimer);
    this.gatherTimer = null;
    if (this.gathered.length === 0) return;
    const events = this.gathered;
    this.gathered = [];
    this.options.onEvents(events);
  }
}
