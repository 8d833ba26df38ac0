/** Throws for every other connection, and lives on; each is greeted and echoed, and parked again after each of its bytes. */
import { type Connection } from 'pollux';
import { currentWorker, receiveConnections } from 'pollux/threads';

const { endpoint, payload } = currentWorker();
const thrown = payload as Int32Array;
process.on('uncaughtException', ({ message }) => {
  if (message !== 'thrown by the handler') throw new Error(message);
  Atomics.add(thrown, 0, 1);
});

async function echo(connection: Connection): Promise<void> {
  const chunk = await connection.read();
  if (chunk === null) return connection.close();
  await connection.write(chunk);
  connection.park();
}

let come = 0;
receiveConnections(endpoint, connection => {
  void echo(connection).catch(() => connection.destroy());
  if (come++ % 2 === 0) throw new Error('thrown by the handler');
});
