/** A thread that stands still where it is told to, until the gate of its payload opens: a word; before it one says that it stands. */
import { currentWorker, receiveConnections } from '../../../src/threads.js';

const worker = currentWorker();
const gate = new Int32Array(worker.payload as SharedArrayBuffer);

function stand(): void {
  Atomics.store(gate, 0, 1);
  Atomics.wait(gate, 1, 0);
}

receiveConnections(worker.endpoint, connection => connection.end('from the thread'));
worker.endpoint.define('stand', stand);
if (gate[2] === 1) stand();
