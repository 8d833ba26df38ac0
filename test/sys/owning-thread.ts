/** A thread of test/sys/file/owned-descriptors.test.ts: takes what it is told to, starts those below it, and stays until it is ended. */
import { once } from 'node:events';
import { parentPort, threadId, Worker, workerData } from 'node:worker_threads';
import { entrust, lend, meet, openHolder, own } from '../../src/sys/file/owned-descriptors.js';

export interface Orders {
  readonly own?: readonly number[];
  readonly lend?: readonly number[];
  /** Goes to a holder that this thread keeps. */
  readonly keep?: readonly number[];
  /** Threads that it gets to know, by number; 'starter': the one that started it. */
  readonly meet?: readonly (number | 'starter')[];
  readonly below?: Orders;
  readonly startedBy?: number;
}

const { own: owned = [], lend: lent = [], keep = [], meet: met = [], below, startedBy = 0 } = workerData as Orders;
for (const fd of owned) own(fd);
for (const fd of lent) lend(fd);
if (keep.length > 0) {
  const kept = openHolder();
  for (const fd of keep) entrust(fd, kept);
}
for (const thread of met) meet(thread === 'starter' ? startedBy : thread);
if (below !== undefined) {
  const started = new Worker(new URL(import.meta.url), {
    workerData: { ...below, startedBy: threadId } satisfies Orders,
  });
  await once(started, 'message');
}
parentPort!.on('message', () => {});
parentPort!.postMessage('done');
