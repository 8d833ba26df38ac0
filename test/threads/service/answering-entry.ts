/** A thread that answers each connection once, and closes it when its peer does. */
import { type Connection } from 'pollux';
import { currentWorker, receiveConnections } from 'pollux/threads';

async function answer(connection: Connection): Promise<void> {
  await connection.read();
  await connection.write('!');
  await connection.read();
  await connection.close();
}

receiveConnections(currentWorker().endpoint, connection => void answer(connection).catch(() => connection.destroy()));
