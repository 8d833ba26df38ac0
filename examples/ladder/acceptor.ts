/** One thread accepts, and gives each connection to one of the others: node dist/examples/ladder/acceptor.js */
import { once } from 'node:events';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { listen } from 'pollux';
import { currentWorker, receiveConnections, Runtime } from 'pollux/threads';
import { announce, serve } from './protocol.js';

async function accept(): Promise<void> {
  const runtime = new Runtime({ entry: new URL(import.meta.url) });
  await runtime.start();
  const moves = new Set<Promise<void>>();
  let turn = 0;
  const listener = await listen({ host: '127.0.0.1' });
  listener.onConnection = connection => {
    const { peer } = runtime.workers[turn++ % runtime.workers.length];
    // It fails if the thread ends meanwhile: the connection is closed then.
    const move = connection
      .moveTo(peer)
      .catch(() => {})
      .finally(() => moves.delete(move));
    moves.add(move);
  };
  announce(listener.port);
  await Promise.race([once(process, 'SIGINT'), runtime.finished()]);
  await listener.close();
  await Promise.all(moves);
  // Each thread ends with the last of its connections.
  await runtime.stop();
}

if (isMainThread) await accept();
else receiveConnections(currentWorker().endpoint, connection => void serve(connection));
