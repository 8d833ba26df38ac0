/** Entry of a thread of the sweep over queues: takes events from a queue, and arms each descriptor again. */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { joinSharedQueue } from '../../../sys/poll/shared-queue.js';
import type { QueueOrder, QueueReport } from './queue-order.js';

const MOST_EVENTS = 16;
/** How often the clock is looked at. */
const TAKES = 64;

const { queue, fds, durationMs, start } = workerData as QueueOrder;
const shared = joinSharedQueue(queue);
const taken = new Int32Array(MOST_EVENTS);
let events = 0;

function tell(report: QueueReport): void {
  parentPort!.postMessage(report);
}

tell('ready');
Atomics.wait(new Int32Array(start), 0, 0);
for (const fd of fds) shared.arm(fd);
const endMs = performance.now() + durationMs;
while (performance.now() < endMs) {
  for (let take = 0; take < TAKES; take++) {
    const count = shared.take(taken);
    for (let index = 0; index < count; index++) shared.arm(taken[index]);
    events += count;
  }
}
tell({ events });
