/** Listening sockets, made and checked: what `listen` and the accept models of a runtime begin with. */
import { chmodSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { IPPROTO_IPV6, IPV6_V6ONLY, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR } from '../../sys/ffi/constants.js';
import { platform } from '../../sys/ffi/platform.js';
import { close } from '../../sys/file/io.js';
import { domainOf, formatAddress, type Address } from '../../sys/socket/sockaddr.js';
import {
  bind,
  listen as listenOn,
  localAddress,
  openSocket,
  preferOption,
  setOption,
} from '../../sys/socket/socket.js';
import { integer, oneOf, type OptionTable, type OptionValues } from '../../base/options.js';
import type { AcceptingOptions } from './accepting-options.js';
import { DEFER_ACCEPT, deferAccept, type DeferAccept } from './defer-accept.js';
import type { ListenerDetails } from './listener-details.js';
import { LOCAL_END, localCandidates, openFirst, sharePort, type LocalEnd } from '../socket/local-end.js';
import { QUEUE_LIMITS, queueLimits, SOCKET_OPTIONS, type QueueLimits, type SocketOptions } from '../options.js';
import { socketFileOf } from '../socket/socket-file.js';
import { applySocketOptions } from '../socket/socket-options.js';

export interface ListeningOptions
  extends LocalEnd, SocketOptions, Partial<QueueLimits>, Pick<AcceptingOptions, 'deferAccept'> {
  /** Connections that may wait to be accepted; the kernel clips it to somaxconn. Default 4096. */
  readonly backlog?: number;
  /**
   * Permissions of a Unix socket's file, such as 0o600. It has them before anybody can connect. Default: as umask(2)
   * leaves them.
   */
  readonly mode?: number;
}

/** Those of every way to listen. */
export const LISTENING_OPTIONS = {
  ...LOCAL_END,
  ...SOCKET_OPTIONS,
  ...QUEUE_LIMITS,
  backlog: integer(1, 0x7fffffff, 4096),
  deferAccept: oneOf(DEFER_ACCEPT, 'off'),
  mode: integer(0, 0o777),
} satisfies OptionTable<Omit<ListeningOptions, 'reusePort'>>;

/** What `LISTENING_OPTIONS` make of the options that were given; no `reusePort` is 'off'. */
type ListeningValues = OptionValues<typeof LISTENING_OPTIONS> & Pick<ListeningOptions, 'reusePort'>;

/** A socket that listens, and what is known of it; the descriptor is the caller's. */
export interface ListeningSocket {
  readonly fd: number;
  readonly details: ListenerDetails;
}

/**
 * @throws IoError (by the promise) EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE.
 * @throws RangeError, TypeError (by the promise) options that do not fit together, named.
 * @throws whatever `signal` was aborted with: nothing was opened.
 */
export async function openListeningSocket(options: ListeningValues): Promise<ListeningSocket> {
  const limits = queueLimits(options);
  options.signal?.throwIfAborted();
  const candidates = await localCandidates(options);
  const { fd, shared, deferred } = openFirst(candidates, address => openListening(address, options));
  const { noDelay, keepAlive, sendBufferBytes, receiveBufferBytes } = options;
  const socketOptions = { noDelay, keepAlive, sendBufferBytes, receiveBufferBytes };
  const address = localAddress(fd);
  const socketFile = socketFileOf(address);
  return { fd, details: { address, reusePort: shared, deferAccept: deferred, limits, socketOptions, socketFile } };
}

/** Linux and FreeBSD hand options of the listener down to its connections; elsewhere each connection is told. */
export function inheritOptions(fd: number, { address, socketOptions }: ListenerDetails): void {
  if (platform === 'linux' || platform === 'freebsd' || address.family === 'unix') return;
  applySocketOptions(fd, socketOptions, true);
}

interface Opened {
  readonly fd: number;
  /** Whether other listeners may share the port. */
  readonly shared: boolean;
  /** What the kernel waits for before it hands a connection over. */
  readonly deferred: DeferAccept;
}

function openListening(address: Address, options: ListeningValues): Opened {
  const fd = openSocket(domainOf(address), SOCK_STREAM);
  try {
    const shared = prepare(fd, address, options);
    bind(fd, address);
    // Until somebody listens, connecting is refused.
    if (options.mode !== undefined && address.family === 'unix') chmodSync(address.path, options.mode);
    listenOn(fd, options.backlog, formatAddress(address));
    const deferred = address.family === 'unix' ? 'off' : deferAccept(fd, options.deferAccept);
    return { fd, shared, deferred };
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Everything that has to be set before bind(2). @returns whether the port is shared. */
function prepare(fd: number, address: Address, options: ListeningValues): boolean {
  const isTcp = address.family !== 'unix';
  applySocketOptions(fd, options, isTcp);
  if (!isTcp) return false;
  preferOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // Both families are the default of most systems, which is then as good as asked for.
  const set = options.ipv6Only === undefined ? preferOption : setOption;
  if (isIPv6(address.address)) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only ? 1 : 0);
  return sharePort(fd, options.reusePort ?? 'off');
}
