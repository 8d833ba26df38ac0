/** A thread that says who it is to each connection, and then echoes. */
import { currentThread, receiveConnections } from 'pollux/threads';

const thread = currentThread();
if (thread.payload !== 'deaf') {
  receiveConnections(thread.endpoint, connection => {
    connection.send(`${thread.index}\n`);
    connection.onData = chunk => connection.send(chunk);
  });
}
thread.endpoint.define('crash', () => {
  throw new Error('crashed as told');
});
thread.endpoint.define('pass the time', (ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
});
