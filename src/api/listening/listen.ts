/** Listening on TCP and Unix sockets. */
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { checkObject, exampleOf } from '../../base/arguments.js';
import { anything, valuesOf, type OptionTable, type OptionValues } from '../../base/options.js';
import { REUSE_PORT } from '../socket/local-end.js';
import { currentReactor } from '../thread-reactor.js';
import { ACCEPTING_OPTIONS, type AcceptingOptions, type AcceptingValues } from './accepting-options.js';
import { takeListeningSocket } from './given-socket.js';
import { Listener } from './listener.js';
import type { ListenerDetails } from './listener-details.js';
import {
  LISTENING_OPTIONS,
  openListeningSocket,
  type ListeningOptions,
  type ListeningSocket,
} from './listening-socket.js';

/** What `listen` takes. */
export interface ListenOptions extends ListeningOptions, AcceptingOptions {
  /**
   * A descriptor of a stream socket that listens already, opened elsewhere, in place of all that says where to listen.
   * The listener owns it from now on. Other processes may go on to use the same socket. It becomes non-blocking, also
   * for them.
   */
  readonly fd?: number;
}

const LISTEN_OPTIONS = {
  ...LISTENING_OPTIONS,
  ...ACCEPTING_OPTIONS,
  ...REUSE_PORT,
  fd: anything<number>(),
} satisfies OptionTable<ListenOptions>;

/** What says where to listen, and how the socket is opened. */
const OPENING = ['port', 'host', 'path', 'ipv6Only', 'reusePort', 'backlog', 'mode'] as const;

/**
 * Listens.
 *
 *     const listener = await listen({ host: 'db.internal', port: 5432, signal: AbortSignal.timeout(3_000) });
 *
 * @throws IoError (by the promise) EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE; for a descriptor EBADF, EINVAL: it is no
 *   stream socket that listens, EEXIST: it is watched.
 * @throws RangeError, TypeError (by the promise) an option that makes no sense, named.
 * @throws whatever `signal` was aborted with: nothing was opened. Once the listener is there the signal has no effect
 *   on it.
 */
export async function listen(options: ListenOptions = {}): Promise<Listener> {
  const scope = new AsyncScope('POLLUX_LISTENER');
  checkObject('options', options, exampleOf(options));
  const values = valuesOf(LISTEN_OPTIONS, options);
  const beside = OPENING.find(name => options[name] !== undefined);
  if (values.fd !== undefined && beside !== undefined) {
    throw new TypeError(`fd: given beside ${beside}; allowed: one of the two`);
  }
  return listenOn(await socketFor(values), scope, values);
}

async function socketFor(values: OptionValues<typeof LISTEN_OPTIONS>): Promise<ListeningSocket> {
  const { fd, signal } = values;
  if (fd === undefined) return openListeningSocket(values);
  signal?.throwIfAborted();
  return takeListeningSocket('listen', fd, values);
}

/** Makes a listener anew of what `listener.detach()` gave. @param fd the listener owns it after the call. */
export function restoreListener(fd: number, details: ListenerDetails): Listener {
  const reactor = currentReactor();
  return new Listener(reactor, reactor.driver.add(fd, new AsyncScope('POLLUX_LISTENER')), details);
}

/** The listener of a socket that listens. */
export function listenOn({ fd, details }: ListeningSocket, scope: AsyncScope, values: AcceptingValues): Listener {
  const reactor = currentReactor();
  const { maxConnections, timeouts, onConnection } = values;
  const listener = new Listener(reactor, reactor.driver.add(fd, scope), { ...details, maxConnections, timeouts });
  try {
    listener.onConnection = onConnection;
  } catch (error) {
    void listener.close();
    throw error;
  }
  return listener;
}
