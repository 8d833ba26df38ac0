/**
 * Looking for an answer for some microseconds before the turn goes on and maybe to sleep. Two threads that talk to each
 * other are spared most of the kernel's wake-ups, which are most of what a message between sleeping threads takes. Where
 * nothing comes of it, it is tried ever more rarely: then it costs less than a hundredth of a core.
 */
import type { RingReader } from '../../base/ring/reader.js';
import { LOOKS_FOR_ANSWER } from '../limits.js';

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
    for (let looks = 0; looks < LOOKS_FOR_ANSWER; looks++) {
      if (!reader.isReady) continue;
      this.penalty = 0;
      return true;
    }
    this.penalty = Math.min(2 * this.penalty + 1, MAX_PASSED_OVER);
    this.passOver = this.penalty;
    return false;
  }
}
