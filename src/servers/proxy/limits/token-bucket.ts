/** So many a second, and at most so many at once. */

export class TokenBucket {
  private tokens: number;
  private filledMs = 0;

  /**
   * @param perSecond what it is filled with.
   * @param most what it holds at most, at least 1; it begins full.
   */
  constructor(
    private readonly perSecond: number,
    private readonly most: number,
  ) {
    this.tokens = most;
  }

  /**
   * Takes one, also where there is none: what came all the same delays those that follow.
   * @param nowMs a clock that never goes back.
   */
  charge(nowMs: number): void {
    this.fill(nowMs);
    this.tokens--;
  }

  /** How long until there is one; 0 if there is one now. */
  delayMs(nowMs: number): number {
    this.fill(nowMs);
    return this.tokens >= 1 ? 0 : ((1 - this.tokens) * 1000) / this.perSecond;
  }

  private fill(nowMs: number): void {
    const sinceMs = Math.max(0, nowMs - this.filledMs);
    this.tokens = Math.min(this.most, this.tokens + (sinceMs * this.perSecond) / 1000);
    this.filledMs = Math.max(this.filledMs, nowMs);
  }
}
