/** A thread that listens, always on the same port, takes connections, and waits or crashes when it is told to. */
import { listen, type Connection } from 'pollux';
import { currentWorker, receiveConnections } from 'pollux/threads';

/** What owner and threads see. All but `goOn` have a cell a thread. */
export interface Cells {
  readonly ports: Int32Array;
  readonly accepted: Int32Array;
  readonly waiting: Int32Array;
  /** 1 lets all go on that wait. */
  readonly goOn: Int32Array;
}

const { index, payload, endpoint, peers } = currentWorker();
const { ports, accepted, waiting, goOn } = payload as Cells;
let last: Connection;
const listener = await listen({
  host: '127.0.0.1',
  port: ports[index],
  onConnection(connection) {
    last = connection;
    Atomics.add(accepted, index, 1);
  },
});
ports[index] = listener.port;
receiveConnections<string>(endpoint, (connection, greeting) => {
  connection.send(greeting);
});
endpoint.define('wait', () => {
  Atomics.store(waiting, index, 1);
  Atomics.wait(goOn, 0, 0);
});
endpoint.define('crash', () => {
  throw new Error('crashed as told');
});
endpoint.define('move the last and crash', (to: number) => {
  void last.moveTo(peers.get(to)!, 'moved');
  // It lies in the mailbox of the other thread by then.
  setImmediate(() => {
    throw new Error('crashed as told');
  });
});
currentWorker().onStop = () => listener.close();
