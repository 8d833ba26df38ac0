/** An echo server on all processors; idle connections wait for whichever thread is free: node dist/examples/workers.js [PORT] */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { type Connection } from 'pollux';
import { currentWorker, receiveConnections, Runtime } from 'pollux/threads';

async function serve(connection: Connection): Promise<void> {
  const chunk = await connection.read();
  if (chunk === null) return connection.close();
  await connection.write(chunk);
  connection.park();
}

async function start(): Promise<void> {
  const runtime = new Runtime({ entry: new URL(import.meta.url), drainOnSignalMs: 5_000 });
  await runtime.start();
  const port = Number(process.argv[2] ?? 7000);
  const service = await runtime.listen({ port, host: '127.0.0.1', accept: 'combined' });
  console.log(`listening on 127.0.0.1:${service.port}`);
  await runtime.finished();
  for (const { name, accepted, awakened } of service.spread()) {
    console.log(`${name}: ${accepted} connections, ${awakened} times one that was parked`);
  }
}

if (isMainThread) await start();
else receiveConnections(currentWorker().endpoint, connection => void serve(connection).catch(() => {}));
