/** Threads that all take their events from one queue of the kernel, against threads with a queue each. */
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { close, pipe } from '../../../sys/file/io.js';
import { openSharedQueue } from '../../../sys/poll/shared-queue.js';
import { poke } from './bench-backend.js';
import type { QueueOrder, QueueReport } from './queue-order.js';
import type { Curve, Point } from './table.js';

/** Enough for full takes, and few enough for any `ulimit -n`. */
const DESCRIPTORS_PER_THREAD = 32;

/** @throws IoError EMFILE, ENOSYS. */
export async function queueCurves(threads: readonly number[], durationMs: number): Promise<Curve[]> {
  const shared: Point[] = [];
  const own: Point[] = [];
  for (const count of threads) {
    shared.push({ x: count, y: await costOf(count, true, durationMs) });
    own.push({ x: count, y: await costOf(count, false, durationMs) });
  }
  return [
    { name: 'one queue for all', points: shared },
    { name: 'a queue each', points: own },
  ];
}

/** @returns nanoseconds of processor time an event, of all threads together. */
async function costOf(threads: number, isShared: boolean, durationMs: number): Promise<number> {
  const descriptors: number[] = [];
  const workers: Worker[] = [];
  const start = new SharedArrayBuffer(4);
  try {
    const queues = Array.from({ length: isShared ? 1 : threads }, () => openSharedQueue());
    descriptors.push(...queues);
    const reports: Promise<number>[] = [];
    const ready: Promise<void>[] = [];
    for (let index = 0; index < threads; index++) {
      const fds = readablePipes(descriptors);
      const workerData: QueueOrder = { queue: queues[index % queues.length], fds, durationMs, start };
      const worker = new Worker(new URL('./queue-thread.js', import.meta.url), { workerData });
      workers.push(worker);
      ready.push(next(worker, report => (report === 'ready' ? true : undefined)).then(() => {}));
      reports.push(next(worker, report => (report === 'ready' ? undefined : report.events)));
    }
    await Promise.all(ready);
    const before = process.cpuUsage();
    Atomics.store(new Int32Array(start), 0, 1);
    Atomics.notify(new Int32Array(start), 0);
    const events = (await Promise.all(reports)).reduce((sum, each) => sum + each, 0);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / events;
  } finally {
    // A thread that still waits for the start has it now: it can't be terminated in the wait everywhere.
    Atomics.store(new Int32Array(start), 0, 1);
    Atomics.notify(new Int32Array(start), 0);
    await Promise.all(workers.map(worker => worker.terminate()));
    for (const fd of descriptors) close(fd);
  }
}

/** Pipes with a byte in each that nobody reads. @param all gets both ends of each. @returns the ends to watch. */
function readablePipes(all: number[]): number[] {
  return Array.from({ length: DESCRIPTORS_PER_THREAD }, () => {
    const [reader, writer] = pipe();
    all.push(reader, writer);
    poke(writer);
    return reader;
  });
}

/** The first report of which `read` makes something. @throws (by the promise) Error the thread died. */
function next<Result>(worker: Worker, read: (report: QueueReport) => Result | undefined): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker.on('message', (report: QueueReport) => {
      const result = read(report);
      if (result !== undefined) resolve(result);
    });
    worker.once('error', reject);
    // After a report this changes nothing.
    worker.once('exit', code => reject(new Error(`a thread of the sweep ended with ${code} and no report`)));
  });
}
