/** A thread that greets each connection, hangs when it is told to, and notes what it has been told, where the owner sees it. */
import { currentWorker, receiveConnections } from 'pollux/threads';

/** One cell a thread. */
export interface Notes {
  readonly hanging: Int32Array;
  readonly stopped: Int32Array;
}

const worker = currentWorker();
const { hanging, stopped } = worker.payload as Notes;
receiveConnections(worker.endpoint, connection => {
  connection.send('hello');
  connection.onData = () => {};
});
worker.endpoint.define('hang', () => {
  for (hanging[worker.index] = 1; ;);
});
worker.endpoint.define('pass the time', (ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
});
worker.onStop = () => void (stopped[worker.index] = 1);
