/** Listening on the sockets that a service manager has opened and passed. */
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { anything, valuesOf, type OptionTable } from '../../base/options.js';
import { forgetInherited, inheritedSockets } from '../socket/inherited-sockets.js';
import { ACCEPTING_OPTIONS, type AcceptingOptions } from './accepting-options.js';
import { takeListeningSocket } from './given-socket.js';
import { listenOn } from './listen.js';
import type { Listener } from './listener.js';

/** What `listenInherited` takes. */
export interface InheritedOptions extends AcceptingOptions {
  /** Only the sockets of this name: that of the socket unit, or its `FileDescriptorName`. Default: all that listen. */
  readonly name?: string;
}

const INHERITED_OPTIONS = { ...ACCEPTING_OPTIONS, name: anything<string>() } satisfies OptionTable<InheritedOptions>;

/**
 * Listens on the sockets that systemd has opened and passed (socket activation): connections that came before the
 * program ran wait in the backlog. Each is taken once: a second call gets what is left.
 *
 *     const [listener = await listen({ port: 8080 })] = await listenInherited({ name: 'http' });
 *
 * The manager has the sockets too, and goes on listening when this process closes them: `drain` then leaves later
 * clients to the next process. The file of a Unix socket is left alone.
 *
 * @returns the listeners in the order of LISTEN_FDS; none if nothing was passed. `inheritedSockets` lists names and
 *   other kinds.
 * @throws IoError as `inheritedSockets` (by the promise, as all). @throws RangeError, TypeError an option that makes no
 *   sense.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- what is wrong is told by the promise, as by `listen`
export async function listenInherited(options: InheritedOptions = {}): Promise<Listener[]> {
  const scope = new AsyncScope('POLLUX_LISTENER');
  const values = valuesOf(INHERITED_OPTIONS, options);
  const wanted = inheritedSockets().filter(
    ({ kind, name }) => kind === 'listener' && (values.name === undefined || values.name === name),
  );
  return wanted.map(socket => {
    const listener = listenOn(takeListeningSocket('listenInherited', socket.fd, values), scope, values);
    forgetInherited(socket);
    return listener;
  });
}
