/** Wakes from other threads: each ends one wait, and none gets lost on the way. */
import { Worker } from 'node:worker_threads';
import type { BackendFactory } from '../../../backends/contract.js';

/** A wake that takes so long is lost. */
const PATIENCE_MS = 10_000;
const THREADS = 2;

export interface ThreadWakesReport {
  readonly threads: number;
  readonly wakes: number;
  /** What went wrong, for people. */
  readonly failure: string | undefined;
}

/** Lets threads take turns to wake a wait, `wakes` times in all. */
export async function runThreadWakes(factory: BackendFactory, wakes: number): Promise<ThreadWakesReport> {
  const backend = factory.open({ maxEvents: 1 });
  const threads = Array.from({ length: THREADS }, () => {
    const orders = new Int32Array(new SharedArrayBuffer(8));
    const workerData = { handle: backend.wakeHandle, orders };
    return { orders, worker: new Worker(new URL('./waking-thread.js', import.meta.url), { workerData }) };
  });
  try {
    await Promise.all(threads.map(({ worker }) => loaded(worker)));
    for (let round = 1; round <= wakes; round++) {
      const { orders } = threads[round % THREADS];
      const before = backend.counters.wakes;
      const start = performance.now();
      order(orders, round);
      backend.wait(PATIENCE_MS * 1e6);
      const elapsedMs = performance.now() - start;
      if (backend.counters.wakes !== before + 1 || elapsedMs >= PATIENCE_MS) {
        const failure = `wake ${round} of a thread did not end the wait: it took ${elapsedMs.toFixed(0)} ms`;
        return { threads: THREADS, wakes: round, failure };
      }
      // The thread may still be on its way back from its call.
      while (Atomics.load(orders, 1) !== round) Atomics.wait(orders, 1, Atomics.load(orders, 1), 1);
    }
    return { threads: THREADS, wakes, failure: undefined };
  } finally {
    for (const { orders } of threads) order(orders, -1);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
    backend.close();
  }
}

function order(orders: Int32Array, round: number): void {
  Atomics.store(orders, 0, round);
  Atomics.notify(orders, 0);
}

/** 'online' would come before the thread has loaded what it needs, on a machine that is busy long before. */
function loaded(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}
