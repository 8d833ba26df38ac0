/** A limit in bytes per second, as a token bucket. Without a limit it costs one comparison. */
import { checkRate } from '../../base/arguments.js';
import { PACE_BURST_MS } from '../limits.js';

export class Pace {
  private limit = Infinity;
  /** What the bucket holds at most, and how much is worth waking up for. Whole bytes, at least one. */
  private burstBytes = Infinity;
  private quantumBytes = Infinity;
  private tokens = Infinity;
  private filledMs = -1;

  /** @param bytesPerSecond as the property. */
  constructor(bytesPerSecond = Infinity) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Infinity is no limit. */
  get bytesPerSecond(): number {
    return this.limit;
  }

  /** @throws RangeError no positive number. */
  set bytesPerSecond(bytesPerSecond: number) {
    checkRate('bytesPerSecond', bytesPerSecond);
    this.limit = bytesPerSecond;
    this.burstBytes = Math.max(1, Math.floor((bytesPerSecond * PACE_BURST_MS) / 1000));
    this.quantumBytes = Math.max(1, Math.floor(this.burstBytes / 2));
    // Without a limit nothing counts what is spent, so a limit set later begins with a full bucket.
    this.tokens = bytesPerSecond === Infinity ? Infinity : Math.min(this.tokens, this.burstBytes);
  }

  get isLimited(): boolean {
    return this.limit !== Infinity;
  }

  /**
   * How much may move now. Nothing is taken from the bucket: `spend` what has moved then.
   *
   * @param wantedBytes how much there is to move, at least 1.
   * @param nowMs a monotonic clock.
   * @returns up to `wantedBytes`; 0 for "wait for `delayMs`", also when so little is left that a call is not worth it.
   */
  allow(wantedBytes: number, nowMs: number): number {
    if (this.limit === Infinity) return wantedBytes;
    this.fill(nowMs);
    const allowed = Math.min(wantedBytes, Math.floor(this.tokens));
    return allowed < Math.min(wantedBytes, this.quantumBytes) ? 0 : allowed;
  }

  /** Takes from the bucket what has moved. */
  spend(movedBytes: number): void {
    if (this.limit !== Infinity) this.tokens -= movedBytes;
  }

  /** How long until `allow` allows again; 0 if it does now. */
  delayMs(nowMs: number): number {
    if (this.limit === Infinity) return 0;
    this.fill(nowMs);
    // A hair more than the exact time: with less, rounding could leave the bucket a fraction of a byte short.
    return this.tokens >= this.quantumBytes ? 0 : ((this.quantumBytes - this.tokens) * 1000) / this.limit + 0.01;
  }

  private fill(nowMs: number): void {
    if (this.filledMs >= 0) {
      const earned = (Math.max(0, nowMs - this.filledMs) * this.limit) / 1000;
      this.tokens = Math.min(this.burstBytes, this.tokens + earned);
    }
    this.filledMs = nowMs;
  }
}
