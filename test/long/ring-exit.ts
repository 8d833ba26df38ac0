/** A process that ends at once while its threads have polls under way in rings: argv holds how many threads, and when. */
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';

const [threads, delayMs] = process.argv.slice(2).map(Number);
const workers = Array.from(
  { length: threads },
  (_, index) =>
    new Worker(new URL('ring-entry.js', import.meta.url), {
      workerData: { mode: ['level', 'edge', 'oneshot'][index % 3] },
    }),
);
await Promise.all(workers.map(worker => once(worker, 'message')));
setTimeout(() => process.exit(7), delayMs);
