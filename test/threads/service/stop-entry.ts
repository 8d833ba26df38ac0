/** A thread that greets each connection, hangs when it is told to, and notes what it has been told, where the owner sees it. */
import { currentThread, receiveConnections } from 'pollux/threads';

/** One cell a thread. */
export interface Notes {
  readonly hanging: Int32Array;
  readonly stopped: Int32Array;
}

const thread = currentThread();
const { hanging, stopped } = thread.payload as Notes;
receiveConnections(thread.endpoint, connection => {
  connection.send('hello');
  connection.onData = () => {};
});
thread.endpoint.define('hang', () => {
  for (hanging[thread.index] = 1; ;);
});
thread.endpoint.define('pass the time', (ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
});
thread.onStop = () => void (stopped[thread.index] = 1);
