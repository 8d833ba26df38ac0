/** A thread that wakes a backend of another one by its handle, on order. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WakeHandle } from '../../../src/backends/contract.js';
import { wakeBackend } from '../../../src/backends/kit/wake.js';

export interface WakeOrder {
  readonly wakes: number;
  /** How long the first one waits, so that the other thread is likely asleep by then. */
  readonly delayMs: number;
}

const { handle, counter } = workerData as { handle: WakeHandle; counter: Int32Array };

parentPort!.on('message', ({ wakes, delayMs }: WakeOrder) => {
  if (delayMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
  for (let count = 0; count < wakes; count++) {
    Atomics.add(counter, 0, 1);
    wakeBackend(handle);
  }
});
parentPort!.postMessage('ready');
