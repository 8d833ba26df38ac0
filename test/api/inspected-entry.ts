/** Tells its owner how a thread of a runtime looks from within. */
import { inspect } from 'node:util';
import { receiveConnections, type CurrentWorker } from '../../src/threads.js';

export async function run(thread: CurrentWorker): Promise<void> {
  // It lives until it is stopped.
  thread.endpoint.answer('nothing', () => undefined);
  receiveConnections(thread.endpoint, connection => connection.destroy());
  await thread.owner.sender('looks').send([inspect(thread), JSON.stringify(thread)]);
}
