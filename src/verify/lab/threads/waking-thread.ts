/** A thread that wakes a backend each time it is told to, until the number is negative. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WakeHandle } from '../../../backends/contract.js';
import { wakeBackend } from '../../../backends/kit/wake.js';

const { handle, orders } = workerData as { handle: WakeHandle; orders: Int32Array };

parentPort!.postMessage('loaded');
for (let done = 0; ;) {
  Atomics.wait(orders, 0, done);
  done = Atomics.load(orders, 0);
  if (done < 0) break;
  wakeBackend(handle);
  Atomics.store(orders, 1, done);
}
