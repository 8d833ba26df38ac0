/** A thread that answers each connection once, and closes it when its peer does. */
import { currentThread, receiveConnections, type Connection } from 'pollux';

async function answer(connection: Connection): Promise<void> {
  await connection.read();
  await connection.write('!');
  await connection.read();
  await connection.close();
}

receiveConnections(currentThread().endpoint, connection => void answer(connection).catch(() => connection.destroy()));
