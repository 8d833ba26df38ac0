/**
 * A thread that writes while this one goes on. It is told by shared memory and answers there, since nobody who plays a
 * program gets round to messages. It lives as long as the thread that started it, and keeps no process alive.
 */
import { Worker } from 'node:worker_threads';
import { IoError } from '../../../sys/ffi/io-error.js';
import type { Load } from '../world.js';

/** Words of the memory that both threads share; the descriptors follow. */
export const ORDER = 0;
export const DONE = 1;
export const FAILURE = 2;
export const LENGTH_BYTES = 3;
export const COUNT = 4;
export const DESCRIPTORS = 5;

const MOST_DESCRIPTORS = 4_096;
/** The first load waits for the thread to start. What takes so long will never be over. */
const PATIENCE_MS = 30_000;

export class LoadThread {
  private readonly shared = new Int32Array(new SharedArrayBuffer(4 * (DESCRIPTORS + MOST_DESCRIPTORS)));

  constructor() {
    const worker = new Worker(new URL('./loading-thread.js', import.meta.url), { workerData: this.shared });
    worker.unref();
  }

  /** Starts a load; the one before it has been joined. The descriptors stay open until this one is. */
  start(fds: readonly number[], lengthBytes: number): Load {
    if (fds.length > MOST_DESCRIPTORS) {
      throw new RangeError(`load: ${fds.length} descriptors; allowed: up to ${MOST_DESCRIPTORS}`);
    }
    const { shared } = this;
    shared[FAILURE] = 0;
    shared[LENGTH_BYTES] = lengthBytes;
    shared[COUNT] = fds.length;
    shared.set(fds, DESCRIPTORS);
    const order = Atomics.add(shared, ORDER, 1) + 1;
    Atomics.notify(shared, ORDER);
    return { join: () => this.join(order) };
  }

  private join(order: number): void {
    const { shared } = this;
    const deadline = performance.now() + PATIENCE_MS;
    for (let done = Atomics.load(shared, DONE); done !== order; done = Atomics.load(shared, DONE)) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`load: its thread has not ended it within ${PATIENCE_MS} ms`);
      Atomics.wait(shared, DONE, done, left);
    }
    if (shared[FAILURE] !== 0) throw new IoError(shared[FAILURE], 'write', 'by the thread of a load');
  }
}
