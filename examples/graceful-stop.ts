/** A server that answers what it was asked before it stops: node dist/examples/graceful-stop.js [PORT] */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, type BufferList, type Connection } from 'pollux';

const WORK_MS = 100;
const STOP_WITHIN_MS = 5_000;

const stopping = new AbortController();
const open = new Set<Connection>();

async function answer(request: BufferList): Promise<string> {
  await sleep(WORK_MS);
  return request.toString().toUpperCase();
}

async function serve(connection: Connection): Promise<void> {
  try {
    while (!stopping.signal.aborted) {
      const request = await connection.read({ signal: stopping.signal });
      if (request === null) break;
      await connection.write(await answer(request));
    }
  } catch (error) {
    // An idle connection learns here that the server stops. Every other error is the connection's own.
    if (error !== stopping.signal.reason) throw error;
  }
  await connection.close();
}

const listener = await listen({ port: Number(process.argv[2] ?? 7000), host: '127.0.0.1' });

listener.onConnection = connection => {
  open.add(connection);
  serve(connection)
    .catch((failure: Error) => {
      console.error(failure.message);
      connection.destroy();
    })
    .finally(() => open.delete(connection));
};

async function stop(): Promise<void> {
  await listener.drain();
  stopping.abort();
  const deadline = setTimeout(() => {
    for (const connection of open) connection.destroy();
  }, STOP_WITHIN_MS);
  deadline.unref();
}

process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
console.log(`listening on 127.0.0.1:${listener.port}`);
