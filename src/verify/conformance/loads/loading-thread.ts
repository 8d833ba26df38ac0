/** The thread of a load: it writes as often as it is told to, until it is terminated. */
import { workerData } from 'node:worker_threads';
import { IoError } from '../../../sys/ffi/io-error.js';
import { writeOver } from './load.js';
import { COUNT, DESCRIPTORS, DONE, FAILURE, LENGTH_BYTES, ORDER } from './load-thread.js';
import { realWorld } from '../real-world.js';

const shared = workerData as Int32Array;

for (let done = 0; ;) {
  Atomics.wait(shared, ORDER, done);
  done = Atomics.load(shared, ORDER);
  try {
    writeOver(realWorld, shared.subarray(DESCRIPTORS, DESCRIPTORS + shared[COUNT]), shared[LENGTH_BYTES]);
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    shared[FAILURE] = error.errno;
  }
  Atomics.store(shared, DONE, done);
  Atomics.notify(shared, DONE);
}
