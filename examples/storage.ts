/**
 * A store of files over HTTP, PUT and GET. All idle connections wait in one place; with a whole head a connection goes to the
 * thread that has least to do, and then back: node dist/examples/storage.js FOLDER [PORT]
 */
import process from 'node:process';
import { listen, receiveConnections, Runtime, type Connection } from 'pollux';

const MAX_CONNECTIONS = 10_000;
const MAX_HEAD_BYTES = 16 * 1024;

const runtime = new Runtime({ entry: new URL('storage/worker.js', import.meta.url), payload: process.argv[2] });
await runtime.start();
const idle = new Set<Connection>();
/** Connections that each thread has. */
const busy = runtime.threads.map(() => 0);
const listener = await listen({ port: Number(process.argv[3] ?? 8081), host: '127.0.0.1' });

/** @param rest what came behind the last request: the beginning of another. */
function wait(connection: Connection, rest: Uint8Array): void {
  let unread = Buffer.from(rest);
  idle.add(connection);
  connection.setTimeouts({ idleMs: 60_000 });
  connection.onData = chunk => {
    unread = Buffer.concat([unread, chunk.toBytes()]);
    if (unread.includes('\r\n\r\n')) give(connection, unread);
    else if (unread.length > MAX_HEAD_BYTES) connection.destroy(new Error('a head too long'));
  };
  connection.onClose = () => {
    idle.delete(connection);
    update();
  };
  if (listener.isClosed) void connection.close();
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
  if (listener.isClosed && connections === 0) void runtime.stop();
  if (!listener.isClosed)
    listener.onConnection = connections < MAX_CONNECTIONS ? accepted => wait(accepted, Buffer.of()) : undefined;
}

receiveConnections(runtime.endpoint, wait);
runtime.endpoint.queue<number>('done').onMessage = ({ value }) => {
  busy[value]--;
  update();
};
update();
console.log(`listening on 127.0.0.1:${listener.port}`);
process.once('SIGINT', () => {
  void listener.close();
  for (const connection of idle) void connection.close();
  update();
});
await runtime.join();
