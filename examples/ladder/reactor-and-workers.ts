/** One thread has the connections, others do the computing: node dist/examples/ladder/reactor-and-workers.js */
import { once } from 'node:events';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { listen, type Connection } from 'pollux';
import { currentWorker, Runtime } from 'pollux/threads';
import { announce, serve, work } from './protocol.js';

async function accept(): Promise<void> {
  const runtime = new Runtime({ entry: new URL(import.meta.url) });
  await runtime.start();
  const connections = new Set<Connection>();
  let turn = 0;
  const listener = await listen({ host: '127.0.0.1' });
  listener.onConnection = connection => {
    const { peer } = runtime.workers[turn++ % runtime.workers.length];
    connections.add(connection);
    connection.onClose = () => connections.delete(connection);
    void serve(connection, line => peer.request<string>('work', line));
  };
  announce(listener.port);
  await Promise.race([once(process, 'SIGINT'), runtime.finished()]);
  await listener.close();
  // The others know nothing of connections: they have to be there until the last is over.
  await Promise.allSettled([...connections].map(({ closed }) => closed));
  await runtime.stop();
}

if (isMainThread) await accept();
else currentWorker().endpoint.answer<string, string>('work', ({ value }) => work(value));
