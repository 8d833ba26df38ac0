/** Listening on TCP and Unix sockets. */
import type { Connection } from './connection.js';
import { Listener } from './listener.js';
import { openListeningSocket, type ListeningOptions } from './listening-socket.js';
import { currentReactor } from './thread-reactor.js';

export interface ListenOptions extends ListeningOptions {
  /** See `Listener.onConnection`. */
  readonly onConnection?: (connection: Connection) => void;
}

/**
 * Listens.
 *
 * @throws IoError (by the promise) EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE.
 * @throws RangeError, TypeError (by the promise) an option that makes no sense, named.
 */
export async function listen(options: ListenOptions = {}): Promise<Listener> {
  const { fd, details } = await openListeningSocket(options);
  const reactor = currentReactor();
  const listener = new Listener(reactor, reactor.driver.add(fd), details);
  try {
    listener.onConnection = options.onConnection;
  } catch (error) {
    void listener.close();
    throw error;
  }
  return listener;
}
