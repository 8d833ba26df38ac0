/** One thread accepts, and gives each connection to one of the others: node dist/examples/ladder/acceptor.js */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { currentThread, listen, moveTo, receiveConnections, Runtime } from 'pollux';
import { announce, serve } from './protocol.js';

async function accept(): Promise<void> {
  const runtime = new Runtime({ entry: new URL(import.meta.url) });
  await runtime.start();
  let turn = 0;
  const listener = await listen({ host: '127.0.0.1' });
  listener.onConnection = connection => {
    const { peer } = runtime.threads[turn++ % runtime.threads.length];
    // It fails if the connection broke on its way: it is closed then.
    moveTo(connection, peer!).catch(() => {});
  };
  announce(listener.address);
  process.once('SIGINT', () => void listener.close().then(() => runtime.stop()));
  await runtime.join();
}

if (isMainThread) await accept();
else receiveConnections(currentThread().endpoint, connection => void serve(connection));
