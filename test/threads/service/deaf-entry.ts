/** Greets connections; when it is told to, it waits for its owner's word and takes no messages after that, but lives on. */
import { currentWorker, receiveConnections } from 'pollux/threads';

/** `waiting` has a cell a thread; 1 in `goOn` lets all go on. */
export interface Cells {
  readonly waiting: Int32Array;
  readonly goOn: Int32Array;
}

const { index, payload, endpoint } = currentWorker();
const { waiting, goOn } = payload as Cells;
receiveConnections(endpoint, connection => {
  connection.send(`${index}\n`);
  connection.onData = () => {};
});
endpoint.define('wait, and close the endpoint', () => {
  setInterval(() => {}, 1_000_000);
  Atomics.store(waiting, index, 1);
  Atomics.wait(goOn, 0, 0);
  endpoint.close();
});
