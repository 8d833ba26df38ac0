/** A promise that is settled from outside. */

/** What a writer waits for. A failure that nobody waits for is told elsewhere. */
export class Waiter {
  readonly promise: Promise<void>;
  resolve!: () => void;
  reject!: (failure: Error) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Who broke the connection knows it; a writer that waits hears of it, and nobody else has to.
    this.promise.catch(() => {});
  }
}
