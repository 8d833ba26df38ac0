/** Listening on TCP and Unix sockets. */
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { checkObject, exampleOf } from '../../base/arguments.js';
import { callback, valuesOf, type OptionTable } from '../../base/options.js';
import type { Connection } from '../stream/connection.js';
import { Listener } from './listener.js';
import { LISTENING_OPTIONS, openListeningSocket, type ListeningOptions } from './listening-socket.js';
import { REUSE_PORT } from '../socket/local-end.js';
import { currentReactor } from '../thread-reactor.js';

export interface ListenOptions extends ListeningOptions {
  /** See `Listener.onConnection`. */
  readonly onConnection?: (connection: Connection) => void;
}

const LISTEN_OPTIONS = {
  ...LISTENING_OPTIONS,
  ...REUSE_PORT,
  onConnection: callback<NonNullable<ListenOptions['onConnection']>>(),
} satisfies OptionTable<ListenOptions>;

/**
 * Listens.
 *
 *     const listener = await listen({ host: 'db.internal', port: 5432, signal: AbortSignal.timeout(3_000) });
 *
 * @throws IoError (by the promise) EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE.
 * @throws RangeError, TypeError (by the promise) an option that makes no sense, named.
 * @throws whatever `signal` was aborted with: nothing was opened. Once the listener is there the signal has no effect on it.
 */
export async function listen(options: ListenOptions = {}): Promise<Listener> {
  const scope = new AsyncScope('POLLUX_LISTENER');
  checkObject('options', options, exampleOf(options));
  const values = valuesOf(LISTEN_OPTIONS, options);
  const { fd, details } = await openListeningSocket(values);
  const reactor = currentReactor();
  const listener = new Listener(reactor, reactor.driver.add(fd, scope), details);
  try {
    listener.onConnection = values.onConnection;
  } catch (error) {
    void listener.close();
    throw error;
  }
  return listener;
}
