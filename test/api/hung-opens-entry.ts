/** A worker that opens files which may never answer, and says how that ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { currentReactor, open } from '../../src/index.js';

const opened = (workerData as string[]).map(path => open(path));
parentPort!.postMessage('asked');
await Promise.allSettled(opened);
parentPort!.postMessage('over');
currentReactor().close();
