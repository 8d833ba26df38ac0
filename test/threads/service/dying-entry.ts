/** Greets connections; when it is told to, it waits for its owner's word, and then crashes before it does anything else. */
import { currentWorker, receiveConnections } from 'pollux/threads';

/** A cell a thread, and `goOn`: 1 lets all go on that wait. */
export interface Cells {
  /** One waits by now. */
  readonly waiting: Int32Array;
  /** One is to wait before its entry is through, or as soon as it has said that it is. */
  readonly beginning: Int32Array;
  readonly goOn: Int32Array;
}

export const WAITS_BEFORE = 1;
export const WAITS_AFTER = 2;

export function run(): void {
  const { index, payload, endpoint } = currentWorker();
  const { waiting, beginning, goOn } = payload as Cells;
  const wait = () => {
    Atomics.store(waiting, index, 1);
    Atomics.wait(goOn, 0, 0);
  };
  receiveConnections(endpoint, connection => {
    connection.send(`${index}\n`);
    connection.onData = () => {};
  });
  endpoint.define('wait and crash', () => {
    wait();
    throw new Error('crashed as told');
  });
  if (beginning[index] === WAITS_BEFORE) wait();
  // Before it can hear of any service.
  else if (beginning[index] === WAITS_AFTER) setImmediate(wait);
}
