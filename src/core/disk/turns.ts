/** Calls that are made one after the other, in the order in which they were asked for. */
import { unlessAborted } from '../../base/unless-aborted.js';

export class Turns {
  /** Settles when the last call that was asked for has. */
  private last: Promise<unknown> | undefined = undefined;

  /**
   * Makes a call after those before it, whatever came of them.
   *
   * @param signal ends the wait for its turn at once: the call is never made.
   */
  async next<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.last;
    const made = before === undefined ? call() : unlessAborted(before, signal).then(call);
    // One that does not wait for its turn any more must not let the next go ahead of those before it.
    const over = Promise.allSettled([before, made]);
    this.last = over;
    try {
      return await made;
    } finally {
      if (this.last === over) this.last = undefined;
    }
  }
}
