/** What one direction may still move, and how much of it now. */
import { monotonicMs } from '../../base/runtime-functions.js';
import { RELAY_BYTES_PER_TURN } from '../limits.js';
import type { Pace } from './pace.js';

export class Allowance {
  /**
   * @param leftBytes bytes that may still move; Infinity for no limit.
   * @param paces all that it has to keep: its own, and one that it may share.
   */
  constructor(
    public leftBytes: number,
    private readonly paces: readonly Pace[],
  ) {}

  get isUsedUp(): boolean {
    return this.leftBytes === 0;
  }

  /** Whether bytes are to be timed. */
  get isPaced(): boolean {
    return this.paces.some(pace => pace.isLimited);
  }

  /** How much may move now; 0 for "wait for `delayMs`". */
  bytesNow(): number {
    let allowedBytes = this.leftBytes;
    for (const pace of this.paces) {
      if (pace.isLimited) allowedBytes = pace.allow(Math.min(allowedBytes, RELAY_BYTES_PER_TURN), monotonicMs());
      if (allowedBytes === 0) return 0;
    }
    return allowedBytes;
  }

  spend(movedBytes: number): void {
    this.leftBytes -= movedBytes;
    for (const pace of this.paces) pace.spend(movedBytes);
  }

  delayMs(): number {
    const nowMs = monotonicMs();
    return Math.max(...this.paces.map(pace => pace.delayMs(nowMs)));
  }
}
