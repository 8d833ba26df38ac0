/** A worker that opens files which may never answer, says when that is over, and keeps them open. */
import { parentPort, workerData } from 'node:worker_threads';
import { open } from '../../src/index.js';

const opened = (workerData as string[]).map(path => open(path));
parentPort!.postMessage('asked');
await Promise.allSettled(opened);
parentPort!.postMessage('over');
parentPort!.on('message', () => {});
