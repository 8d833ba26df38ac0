/** Tells its owner how a thread of a runtime looks from within. */
import { inspect } from 'node:util';
import { receiveConnections, type Thread } from '../../src/threads.js';

export async function run(thread: Thread): Promise<void> {
  // It lives until it is stopped.
  thread.endpoint.answer('nothing', () => undefined);
  receiveConnections(thread.endpoint, connection => connection.destroy());
  await thread.owner.queue('looks').send([inspect(thread), JSON.stringify(thread)]);
}
