/** A thread that answers each message with who it is and what was sent, and parks the connection after each. */
import { type Connection } from 'pollux';
import { currentThread, receiveConnections } from 'pollux/threads';

const thread = currentThread();

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
      thread.owner.queue<string>('said').trySend((error as Error).message);
    }
    return;
  }
  await connection.write(`${thread.index} ${text}`);
  connection.park();
  try {
    connection.park();
  } catch (error) {
    if ((error as { code?: string }).code !== 'EBADF') throw error;
  }
}

receiveConnections(thread.endpoint, connection => void answer(connection).catch(() => {}));
thread.endpoint.define('be busy', () => {
  thread.owner.queue<string>('said').trySend('busy');
  Atomics.wait(thread.payload as Int32Array, 0, 0);
});
