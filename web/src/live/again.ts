import type { LogEvent } from "../api/types";

const REST_MS = 200;

/**
 * Reads again what events have touched, one reading at a time: while one is under way, what comes meanwhile is
 * gathered for the next. Five hundred uploads in a row cost a few readings, and the last of them sees them all.
 */
export class ReadAgain {
  private pending: LogEvent[] = [];
  private running = false;

  constructor(
    private readonly read: (events: LogEvent[]) => Promise<unknown>,
    private readonly restMs = REST_MS,
  ) {}

  push(events: readonly LogEvent[]): void {
    this.pending.push(...events);
    if (!this.running && this.pending.length) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.pending.length) {
      const events = this.pending;
      this.pending = [];
      try {
        await this.read(events);
      } catch {
        // What failed shows on the page that asked for it.
      }
      await new Promise((done) => setTimeout(done, this.restMs));
    }
    this.running = false;
  }
}
