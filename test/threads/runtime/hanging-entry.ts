/** A worker that never comes back from a function that others may schedule. */
import type { CurrentWorker } from '../../../src/threads.js';

export function run(worker: CurrentWorker): void {
  worker.endpoint.define('hang', () => {
    for (;;);
  });
}
