const HALF_LIFE_MS = 3_000;

/** How fast bytes go, smoothed: what was a while ago counts less and less. */
export class Meter {
  private rate: number | null = null;
  private at: number;
  private bytes: number;

  /** `bytes` are those that were there before: they cost no time. */
  constructor(now: number, bytes = 0) {
    this.at = now;
    this.bytes = bytes;
  }

  add(now: number, bytes: number): void {
    const passed = now - this.at;
    if (passed < 100 || bytes < this.bytes) {
      if (bytes < this.bytes) this.bytes = bytes;
      return;
    }
    const current = ((bytes - this.bytes) / passed) * 1000;
    const weight = this.rate === null ? 1 : 1 - 0.5 ** (passed / HALF_LIFE_MS);
    this.rate = (this.rate ?? 0) * (1 - weight) + current * weight;
    this.at = now;
    this.bytes = bytes;
  }

  /** Bytes a second; null before anything could be measured. */
  get perSecond(): number | null {
    return this.rate;
  }
}

/** "12 s", "4 min", "1 h 20 min" until `bytes` more have gone; null when nobody can tell. */
export function timeLeft(bytes: number, perSecond: number | null): string | null {
  if (!perSecond || perSecond < 1) return null;
  const seconds = Math.ceil(bytes / perSecond);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
