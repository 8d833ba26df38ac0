/** One thread has the connections, others do the computing: node dist/examples/ladder/reactor-and-workers.js */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { currentThread, listen, Runtime } from 'pollux';
import { announce, serve, work } from './protocol.js';

async function accept(): Promise<void> {
  const runtime = new Runtime({ entry: new URL(import.meta.url) });
  await runtime.start();
  let turn = 0;
  const listener = await listen({ host: '127.0.0.1' });
  listener.onConnection = connection => {
    const { peer } = runtime.threads[turn++ % runtime.threads.length];
    void serve(connection, line => peer!.request<string>('work', line));
  };
  announce(listener.address);
  process.once('SIGINT', () => void listener.close().then(() => runtime.stop()));
  await runtime.join();
}

if (isMainThread) await accept();
else currentThread().endpoint.answer<string, string>('work', ({ value }) => work(value));
