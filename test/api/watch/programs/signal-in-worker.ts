/** A worker that tries to watch a signal and posts what it is told. */
import { parentPort } from 'node:worker_threads';
import { watchSignal, type IoError } from 'pollux';

try {
  watchSignal('SIGUSR2').close();
  parentPort!.postMessage({});
} catch (error) {
  const { code, message } = error as IoError;
  parentPort!.postMessage({ code, message });
}
