/** Loaded into every process and thread of a command by NODE_OPTIONS: the second thread of each runtime dies a moment later. */
import { isMainThread, threadId } from 'node:worker_threads';

/** When it has long begun to push. */
const LIFE_MS = 1500;

if (!isMainThread && threadId === 2) {
  setTimeout(() => {
    throw new Error('made to die');
  }, LIFE_MS);
}
