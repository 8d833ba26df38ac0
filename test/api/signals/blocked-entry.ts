/** A thread that stands still where it is told to, until the gate of its payload opens: a word; before it one says that it stands. */
import { currentThread, receiveConnections } from '../../../src/threads.js';

const thread = currentThread();
const gate = new Int32Array(thread.payload as SharedArrayBuffer);

function stand(): void {
  Atomics.store(gate, 0, 1);
  Atomics.wait(gate, 1, 0);
}

receiveConnections(thread.endpoint, connection => connection.end('from the thread'));
thread.endpoint.define('stand', stand);
if (gate[2] === 1) stand();
