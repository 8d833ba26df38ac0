/** A thread that says who it is to each connection, and then echoes. */
import { currentWorker, receiveConnections } from 'pollux/threads';

const worker = currentWorker();
if (worker.payload !== 'deaf') {
  receiveConnections(worker.endpoint, connection => {
    connection.send(`${worker.index}\n`);
    connection.onData = chunk => connection.send(chunk);
  });
}
worker.endpoint.define('crash', () => {
  throw new Error('crashed as told');
});
worker.endpoint.define('pass the time', (ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
});
/** Says that it is busy by 1 in the flag that is its payload, and throws once that is another number. */
worker.endpoint.define('crash once told', () => {
  const flag = worker.payload as Int32Array;
  Atomics.store(flag, 0, 1);
  Atomics.wait(flag, 0, 1);
  throw new Error('crashed once it was told');
});
