/**
 * Looking for an answer for some microseconds before the turn goes on and maybe to sleep. Two threads that talk to each
 * other are spared most of the kernel's wake-ups, which are most of what a message between sleeping threads takes.
 * Where nothing comes of it, it is tried ever more rarely: then it costs less than a hundredth of a core.
 */
import { monotonicMs } from '../../base/runtime-functions.js';
import type { RingReader } from '../ring/reader.js';
import { PATIENCE_MS } from '../../core/limits.js';

/**
 * Between two looks. Each takes a cache line from the one who is writing there; left alone for so long, he writes
 * several records, which are then read at once.
 */
const REST_MS = 0.002;
/** Turns that are passed over after failures in a row: 1, 3, 7 ... */
const MAX_PASSED_OVER = 255;

export class Patience {
  private passOver = 0;
  private penalty = 0;

  /** @returns whether a record has come. */
  lookFor(reader: RingReader): boolean {
    if (this.passOver > 0) {
      this.passOver--;
      return false;
    }
    let nowMs = monotonicMs();
    const endMs = nowMs + PATIENCE_MS;
    while (nowMs < endMs) {
      const restedMs = nowMs + REST_MS;
      do nowMs = monotonicMs();
      while (nowMs < restedMs);
      if (!reader.isReady) continue;
      this.penalty = 0;
      return true;
    }
    this.penalty = Math.min(2 * this.penalty + 1, MAX_PASSED_OVER);
    this.passOver = this.penalty;
    return false;
  }
}
