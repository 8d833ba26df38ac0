/** The worker of `work-queue.js`: adds up the bytes of an item, for piscina and for a runtime. */
import { receiveWork, type CurrentWorker } from 'pollux/threads';

export default function sum(bytes: Uint8Array): number {
  let total = 0;
  for (const byte of bytes) total += byte;
  return total;
}

export function run(worker: CurrentWorker): void {
  receiveWork<Uint8Array, number>(worker, 'sums', ({ value }) => sum(value), { atOnce: worker.payload as number });
}
