/** Each thread listens and serves on its own, the kernel spreads: node dist/examples/ladder/thread-per-core.js */
import { isMainThread } from 'node:worker_threads';
import { listen } from 'pollux';
import { currentWorker, Runtime } from 'pollux/threads';
import { announce, serve } from './protocol.js';

async function start(): Promise<void> {
  const runtime = new Runtime({ entry: new URL(import.meta.url), affinity: true, drainOnSignalMs: 10_000 });
  await runtime.start();
  // The first has the system choose a port, the others share it.
  let port = 0;
  for (const { peer } of runtime.workers) port = await peer.request<number>('listen', port);
  announce(port);
  await runtime.finished();
}

function serveAlone(): void {
  const worker = currentWorker();
  worker.endpoint.answer<number, number>('listen', async ({ value }) => {
    const listener = await listen({ host: '127.0.0.1', port: value, reusePort: 'require' });
    listener.onConnection = connection => void serve(connection);
    worker.onStop = () => listener.close();
    return listener.port;
  });
}

if (isMainThread) await start();
else serveAlone();
