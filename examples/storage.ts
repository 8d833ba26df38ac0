/**
 * A store of files over HTTP: PUT, GET, HEAD, DELETE. All idle connections wait in one place; with a request a connection
 * goes to the thread that has least to do, and then back: node dist/examples/storage.js FOLDER [PORT]
 */
import { once } from 'node:events';
import process from 'node:process';
import { listen, receiveConnections, Runtime, type Connection, type InternetAddress } from 'pollux';

const MAX_CONNECTIONS = 10_000;

const runtime = new Runtime({ entry: new URL('storage/worker.js', import.meta.url), payload: process.argv[2] });
await runtime.start();
const idle = new Set<Connection>();
/** Connections that each thread has. */
const busy = runtime.threads.map(() => 0);
let stopping = false;
let end = () => {};
const over = new Promise<void>(resolve => (end = resolve));
const listener = await listen({ port: Number(process.argv[3] ?? 8081), host: '127.0.0.1' });

/** @param unread what came behind the last request: the beginning of another. */
function wait(connection: Connection, unread: Uint8Array): void {
  idle.add(connection);
  connection.setTimeouts({ idleMs: 60_000 });
  connection.onData = chunk => give(connection, Buffer.concat([unread, chunk.toBytes()]));
  connection.onClose = () => {
    idle.delete(connection);
    update();
  };
  if (stopping) void connection.close();
  else update();
}

function give(connection: Connection, unread: Uint8Array): void {
  const index = busy.indexOf(Math.min(...busy));
  idle.delete(connection);
  busy[index]++;
  connection.moveTo(runtime.threads[index].peer!, unread).catch((failure: Error) => {
    busy[index]--;
    connection.destroy(failure);
    update();
  });
}

/** Beyond the ceiling connections wait in the kernel. At the end, the last to leave lets the threads go. */
function update(): void {
  const connections = busy.reduce((sum, count) => sum + count, idle.size);
  if (stopping && connections === 0) end();
  if (!stopping)
    listener.onConnection = connections < MAX_CONNECTIONS ? accepted => wait(accepted, NOTHING) : undefined;
}

const NOTHING = new Uint8Array(0);
receiveConnections(runtime.endpoint, wait);
runtime.endpoint.queue<number>('done').onMessage = ({ value }) => {
  busy[value]--;
  update();
};
update();
console.log(`listening on 127.0.0.1:${(listener.address as InternetAddress).port}`);
await Promise.race([once(process, 'SIGINT'), runtime.join()]);
stopping = true;
await listener.close();
for (const connection of idle) void connection.close();
update();
await over;
await runtime.stop();
