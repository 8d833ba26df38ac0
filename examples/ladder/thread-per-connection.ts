/** A thread is started for each connection, and ends with it: node dist/examples/ladder/thread-per-connection.js */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { listen, type Connection } from 'pollux';
import { currentWorker, openEndpoint, receiveConnections, Runtime } from 'pollux/threads';
import { announce, serve } from './protocol.js';

/** What a thread costs, memory and time to start, is paid for each connection. */
const MAX_THREADS = 32;

async function accept(): Promise<void> {
  const endpoint = openEndpoint();
  const listener = await listen({ host: '127.0.0.1' });
  let threads = 0;

  async function give(connection: Connection): Promise<void> {
    const runtime = new Runtime({ workers: 1, entry: new URL(import.meta.url), endpoint });
    await runtime.start();
    // Unless it has broken meanwhile: then nobody is to be served.
    await connection.moveTo(runtime.workers[0].peer).catch(() => runtime.stop());
    await runtime.finished();
  }

  const start = (connection: Connection) => {
    if (++threads === MAX_THREADS) listener.onConnection = undefined;
    void give(connection).finally(() => {
      threads--;
      if (!listener.isClosed) listener.onConnection = start;
    });
  };
  listener.onConnection = start;
  announce(listener.port);
  process.once('SIGINT', () => void listener.close());
}

if (isMainThread) await accept();
else {
  const { endpoint } = currentWorker();
  receiveConnections(endpoint, connection => void serve(connection).then(() => endpoint.close()));
}
