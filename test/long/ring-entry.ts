/** A thread that has polls of many connections in a ring, which fire all the time, until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads';
import { connect, listen, startReactor, type Connection, type ReactorMode } from 'pollux';

const CONNECTIONS = 48;
const MESSAGE_BYTES = 1_000;

const { mode } = workerData as { mode: ReactorMode };
startReactor({ backend: 'io_uring', mode });

function bounce(connection: Connection): void {
  connection.onData = chunk => void connection.send(chunk);
}

const listener = await listen({ port: 0, host: '127.0.0.1', onConnection: bounce });
const { port } = listener.address as { port: number };
for (let count = 0; count < CONNECTIONS; count++) {
  const connection = await connect({ host: '127.0.0.1', port });
  bounce(connection);
  connection.send(Buffer.alloc(MESSAGE_BYTES, count));
  // All calls of the system are known to koffi by now: before that, ending the thread aborts the process.
  if (count === 0) parentPort!.postMessage('loaded');
}
parentPort!.postMessage('up');
