/** Every line comes back reversed, and another thread does the work: node dist/examples/reverse.js [PORT] */
import { once } from 'node:events';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { currentReactor, listen, type Connection } from 'pollux';
import { Runtime } from 'pollux/threads';
import { Client, LIMITS, NUMBER_BYTES } from './reverse/client.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: 'string', default: '1000' },
    'line-ms': { type: 'string', default: '10000' },
    'unread-ms': { type: 'string', default: '10000' },
  },
});
const runtime = new Runtime({ workers: 1, entry: new URL('reverse/worker.js', import.meta.url) });
await runtime.start();
const lines = runtime.workers[0].peer.sender<Uint8Array>('lines');
const patience = { lineMs: Number(values['line-ms']), unreadMs: Number(values['unread-ms']) };
const clients = new Map<number, Client>();
let [served, late] = [0, 0];

runtime.endpoint.queue('reversed').onMessage = ({ bytes }) => {
  const client = clients.get(Buffer.from(bytes.buffer, bytes.byteOffset).readUIntBE(0, NUMBER_BYTES));
  if (client === undefined) late++;
  else client.answer(bytes.subarray(NUMBER_BYTES));
};

const listener = await listen({ port: Number(positionals[0] ?? 4001), host: '127.0.0.1', ...LIMITS });

function admit(connection: Connection): void {
  const number = ++served;
  const client = new Client(number, connection, lines, patience);
  clients.set(number, client);
  connection.onClose = () => {
    clients.delete(number);
    client.release();
    if (!listener.isClosed) listener.onConnection = admit;
  };
  // The others wait in the kernel, where they cost next to nothing, until one leaves.
  if (clients.size >= Number(values.connections)) listener.onConnection = undefined;
}

listener.onConnection = admit;
const interrupted = once(process, 'SIGINT');
console.log(`listening on 127.0.0.1:${listener.port}`);
await Promise.race([interrupted, runtime.finished()]);
const heldBytes = currentReactor().slab.heldBytes;
await listener.close();
const partings = [...clients.values()].map(client => {
  client.finish();
  return client.connection.closed.catch(() => {});
});
await Promise.all(partings);
await runtime.stop();
console.log(`served ${served} clients in ${heldBytes / 1024} KiB of buffers; ${late} answers came too late`);
