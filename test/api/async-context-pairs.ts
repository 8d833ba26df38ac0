/** Pairs of connections of which each end is made in a context of its own. */
import type { Connection, Listener } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { atEnd, connected, destroyTracked, listening, track } from '../support/sockets.js';

export { atEnd, connected, destroyTracked, listening, track };

/**
 * @param listen calls what it is given to make the listener.
 * @param connect calls what it is given to make the client.
 */
export async function settledPair(
  listen: (make: () => Promise<Listener>) => Promise<Listener>,
  connect: (make: () => Promise<Connection>) => Promise<Connection>,
): Promise<{ client: Connection; server: Connection }> {
  const accepted = settling<Connection>();
  const listener = await listen(() => listening({ host: '127.0.0.1', onConnection: accepted.resolve }));
  const client = await connect(() => connected({ host: '127.0.0.1', port: listener.port }));
  return { client, server: await accepted.promise };
}
