/** A thread that closes a descriptor which another one waits for, then gives that one a reason to go on. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { realWorld } from '../../src/verify/conformance/real-world.js';

export interface CloseOrder {
  /** Closed while the other thread waits. */
  readonly victim: number;
  /** Written to afterwards. */
  readonly bell: number;
}

const LOOKS = 100_000;
/** What it is given elsewhere. */
const WHILE_MS = 50;

/** Looks until the process's first thread sleeps in the kernel. Where nothing tells, it goes on: any order must do. */
function untilMainSleeps(): void {
  if (process.platform !== 'linux') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WHILE_MS);
    return;
  }
  for (let look = 0; look < LOOKS; look++) {
    // 'pid (name) state …'
    if (readFileSync(`/proc/${process.pid}/task/${process.pid}/stat`, 'utf8').includes(') S ')) return;
  }
}

const { victim, bell } = workerData as CloseOrder;

parentPort!.once('message', (go: Int32Array) => {
  Atomics.wait(go, 0, 0);
  untilMainSleeps();
  realWorld.close(victim);
  realWorld.write(bell);
});
parentPort!.postMessage('ready');
