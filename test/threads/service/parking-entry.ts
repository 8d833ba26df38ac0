/** A thread that answers each message with who it is and what was sent, and parks the connection after each. */
import { type Connection } from 'pollux';
import { currentWorker, receiveConnections } from 'pollux/threads';

const worker = currentWorker();

async function answer(connection: Connection): Promise<void> {
  const chunk = await connection.read();
  if (chunk === null) return connection.close();
  const text = chunk.toString();
  if (text === 'stay') return;
  if (text === 'wrongly') {
    connection.send('queued'.repeat(1e6));
    try {
      connection.park();
    } catch (error) {
      connection.destroy();
      worker.owner.sender<string>('said').trySend((error as Error).message);
    }
    return;
  }
  await connection.write(`${worker.index} ${text}`);
  connection.park();
  try {
    connection.park();
  } catch (error) {
    if ((error as { code?: string }).code !== 'EBADF') throw error;
  }
}

receiveConnections(worker.endpoint, connection => void answer(connection).catch(() => {}));
worker.endpoint.define('be busy', () => {
  worker.owner.sender<string>('said').trySend('busy');
  Atomics.wait(worker.payload as Int32Array, 0, 0);
});
