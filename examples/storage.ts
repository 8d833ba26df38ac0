/**
 * A store of files over HTTP, PUT and GET. An idle connection waits where all threads look, and its next request goes to
 * whichever of them is free: node dist/examples/storage.js FOLDER [PORT]
 */
import process from 'node:process';
import { Runtime } from 'pollux/threads';

if (process.argv.length < 3) {
  console.error('usage: node dist/examples/storage.js FOLDER [PORT]');
  process.exit(2);
}

const [, , folder, port = '8081'] = process.argv;
const entry = new URL('storage/worker.js', import.meta.url);
const runtime = new Runtime({ entry, payload: folder, drainOnSignalMs: 10_000 });
await runtime.start();
const service = await runtime.listen({ port: Number(port), host: '127.0.0.1', accept: 'combined', idleMs: 60_000 });
console.log(`listening on 127.0.0.1:${service.port}`);
await runtime.finished();
