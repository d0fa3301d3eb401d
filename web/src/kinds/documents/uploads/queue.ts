import { Problem } from "../../../api/problem";
import type { Place } from "../places";
import { Meter } from "./meter";

export type UploadState = "waiting" | "sending" | "retrying" | "paused" | "failed" | "done";

/** What is to be sent where, and what else the server is told of it. */
export interface Wanted {
  file: File;
  place: Place;
  /** Why: kept with the version. */
  changelog?: string;
  /** The version that must still be current; 0 for no file. */
  baseVersion?: number;
  /** The sender's own lock, which must still hold. */
  fence?: number;
  /** Give the lock back together with the version. */
  release?: boolean;
  /** Wait for somebody's approval instead of becoming current. */
  submit?: boolean;
}

export interface Done {
  fileId: string | null;
  version: number | null;
}

export interface Upload extends Wanted {
  id: number;
  state: UploadState;
  sent: number;
  perSecond: number | null;
  error: Problem | null;
  done: Done | null;
}

export interface Handlers {
  onProgress: (sent: number) => void;
  /** It is tried again soon; `problem` is what the server said, null where it said nothing. */
  onRetry: (problem: Problem | null) => void;
  onDone: (done: Done) => void;
  onFailed: (problem: Problem) => void;
}

/** One upload on its way. `start` begins or goes on where it was; `cancel` forgets it on the server too. */
export interface Sending {
  start(): void;
  pause(): Promise<void>;
  cancel(): Promise<void>;
}

export type Sender = (wanted: Wanted, handlers: Handlers) => Promise<Sending>;

const AT_ONCE = 3;

/** Uploads in order, a few at a time. Knows nothing of HTTP: `sender` does the sending. */
export class UploadQueue {
  private items: readonly Upload[] = [];
  private readonly sendings = new Map<number, Promise<Sending>>();
  private readonly meters = new Map<number, Meter>();
  private readonly watchers = new Set<() => void>();
  private nextId = 1;

  constructor(
    private readonly sender: Sender,
    private readonly onDone: (upload: Upload) => void = () => undefined,
    private readonly clock: () => number = Date.now,
  ) {}

  readonly list = (): readonly Upload[] => this.items;

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  get busy(): boolean {
    return this.items.some(({ state }) => state === "waiting" || state === "sending" || state === "retrying");
  }

  add(wanted: readonly Wanted[]): void {
    const fresh = wanted.map(
      (one): Upload => ({ ...one, id: this.nextId++, state: "waiting", sent: 0, perSecond: null, error: null, done: null }),
    );
    this.items = [...this.items, ...fresh];
    this.pump();
  }

  pause(id: number): void {
    const upload = this.find(id);
    if (!upload || !["waiting", "sending", "retrying"].includes(upload.state)) return;
    this.change(id, { state: "paused", perSecond: null });
    void this.sendings.get(id)?.then((sending) => sending.pause());
    this.pump();
  }

  /** Go on with what was paused or has failed, from where it was. */
  resume(id: number): void {
    const upload = this.find(id);
    if (!upload || (upload.state !== "paused" && upload.state !== "failed")) return;
    this.change(id, { state: "waiting", error: null });
    this.pump();
  }

  cancel(id: number): void {
    const sending = this.sendings.get(id);
    this.drop((upload) => upload.id === id);
    // Whatever the server keeps of it expires by itself.
    void sending?.then((one) => one.cancel()).catch(() => undefined);
    this.pump();
  }

  /** Forget what needs no attention any more. */
  clear(): void {
    this.drop((upload) => upload.state === "done");
  }

  private find(id: number): Upload | undefined {
    return this.items.find((upload) => upload.id === id);
  }

  private drop(which: (upload: Upload) => boolean): void {
    for (const upload of this.items.filter(which)) {
      this.sendings.delete(upload.id);
      this.meters.delete(upload.id);
    }
    this.items = this.items.filter((upload) => !which(upload));
    this.tellAll();
  }

  private change(id: number, changes: Partial<Upload>): void {
    this.items = this.items.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload));
    this.tellAll();
  }

  private tellAll(): void {
    for (const watcher of this.watchers) watcher();
  }

  private pump(): void {
    const running = this.items.filter(({ state }) => state === "sending" || state === "retrying").length;
    const next = this.items.filter(({ state }) => state === "waiting").slice(0, Math.max(0, AT_ONCE - running));
    for (const upload of next) this.send(upload);
    if (next.length === 0) this.tellAll();
  }

  private send(upload: Upload): void {
    const { id } = upload;
    this.change(id, { state: "sending" });
    this.meters.set(id, new Meter(this.clock(), upload.sent));
    let sending = this.sendings.get(id);
    if (!sending) {
      sending = this.sender(upload, this.handlersOf(id));
      this.sendings.set(id, sending);
    }
    sending.then(
      (one) => {
        if (this.isRunning(id)) one.start();
      },
      (error: unknown) => {
        this.sendings.delete(id);
        this.failed(id, error instanceof Problem ? error : new Problem(0, "upload_failed", String(error)));
      },
    );
  }

  private isRunning(id: number): boolean {
    const state = this.find(id)?.state;
    return state === "sending" || state === "retrying";
  }

  private failed(id: number, error: Problem): void {
    if (!this.isRunning(id)) return;
    this.change(id, { state: "failed", error, perSecond: null });
    this.pump();
  }

  private handlersOf(id: number): Handlers {
    return {
      onProgress: (sent) => {
        if (!this.isRunning(id)) return;
        const meter = this.meters.get(id);
        meter?.add(this.clock(), sent);
        this.change(id, { state: "sending", sent, error: null, perSecond: meter?.perSecond ?? null });
      },
      onRetry: (problem) => {
        if (this.isRunning(id)) this.change(id, { state: "retrying", error: problem, perSecond: null });
      },
      onDone: (done) => {
        const upload = this.find(id);
        // It may have been paused at the very moment the last byte arrived.
        if (!upload) return;
        this.change(id, { state: "done", sent: upload.file.size, done, perSecond: null, error: null });
        this.sendings.delete(id);
        this.onDone(this.find(id)!);
        this.pump();
      },
      onFailed: (problem) => this.failed(id, problem),
    };
  }
}
