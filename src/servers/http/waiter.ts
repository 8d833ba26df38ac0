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
    // The code that broke the connection knows it; a writer that waits is told, and nobody else has to be.
    this.promise.catch(() => {});
  }
}
