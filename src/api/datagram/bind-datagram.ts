/** Opening datagram sockets: UDP and Unix. */
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { MAX_DATAGRAM_BYTES, QUEUED_DATAGRAM_BYTES } from '../../core/limits.js';
import type { BufferList } from '../../core/memory/buffer-list.js';
import { IPPROTO_IPV6, IPV6_V6ONLY, SOCK_DGRAM } from '../../sys/ffi/constants.js';
import { domainOf, type Address } from '../../sys/socket/sockaddr.js';
import { bind, closeAndThrow, localAddress, openSocket, setOption } from '../../sys/socket/socket.js';
import { checkObject, exampleOf } from '../../base/arguments.js';
import {
  anything,
  callback,
  integer,
  milliseconds,
  valuesOf,
  type OptionTable,
  type OptionValues,
} from '../../base/options.js';
import type { InFlight } from '../departure.js';
import type { DatagramDetails, DatagramLimits } from './datagram-details.js';
import { DatagramSocket } from './datagram-socket.js';
import { unpackDatagrams } from './queued-datagrams.js';
import { LOCAL_END, localCandidates, openFirst, REUSE_PORT, sharePort, type LocalEnd } from '../socket/local-end.js';
import { SOCKET_OPTIONS, type SocketOptions } from '../options.js';
import { takeSocket } from '../socket/given-descriptor.js';
import { applySocketOptions } from '../socket/socket-options.js';
import { socketFileOf } from '../socket/socket-file.js';
import { currentReactor } from '../thread-reactor.js';

/** Options of `bindDatagram`. */
export interface DatagramOptions
  extends LocalEnd, Pick<SocketOptions, 'sendBufferBytes' | 'receiveBufferBytes'>, Partial<DatagramLimits> {
  /**
   * A descriptor of a socket for datagrams that was opened elsewhere, in place of all that says where to bind. The
   * socket owns it from now on, and it becomes non-blocking, also for other processes that have it.
   */
  readonly fd?: number;
  /** See `DatagramSocket.onDatagram`. */
  readonly onDatagram?: (bytes: BufferList, from: Address) => void;
}

const DATAGRAM_OPTIONS = {
  ...LOCAL_END,
  ...REUSE_PORT,
  sendBufferBytes: SOCKET_OPTIONS.sendBufferBytes,
  receiveBufferBytes: SOCKET_OPTIONS.receiveBufferBytes,
  maxDatagramBytes: integer(1, MAX_DATAGRAM_BYTES, 65_535),
  maxQueuedBytes: integer(QUEUED_DATAGRAM_BYTES, Number.MAX_SAFE_INTEGER, 16 * 1024 * 1024),
  closeTimeoutMs: milliseconds(30_000),
  fd: anything<number>(),
  onDatagram: callback<NonNullable<DatagramOptions['onDatagram']>>(),
} satisfies OptionTable<DatagramOptions>;

/**
 * Opens a datagram socket and binds it: to a UDP port, or to a Unix socket's path. With `path: ''` it is a Unix socket
 * without a name, which can send and can't be answered.
 *
 * @throws IoError (by the promise, as all) EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE, ENOTSUP; for a descriptor
 *   EBADF, EINVAL: it is no socket for datagrams, EEXIST: it is watched.
 * @throws RangeError, TypeError an option that makes no sense, named.
 * @throws whatever `signal` was aborted with: nothing was opened.
 */
export async function bindDatagram(options: DatagramOptions = {}): Promise<DatagramSocket> {
  const scope = new AsyncScope('POLLUX_DATAGRAM_SOCKET');
  checkObject('options', options, exampleOf(options));
  const values = valuesOf(DATAGRAM_OPTIONS, options);
  const { signal, maxDatagramBytes, maxQueuedBytes, closeTimeoutMs } = values;
  signal?.throwIfAborted();
  const { fd, isShared, isGiven } = values.fd === undefined ? await openAnew(values) : take(values.fd, options);
  const address = localAddress(fd);
  const reactor = currentReactor();
  const socket = new DatagramSocket(reactor, reactor.driver.add(fd, scope), {
    address,
    socketFile: isGiven ? undefined : socketFileOf(address),
    reusePort: isShared,
    limits: { maxDatagramBytes, maxQueuedBytes, closeTimeoutMs },
  });
  try {
    socket.onDatagram = values.onDatagram;
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

/** Makes a socket anew of what `socket.detach()` gave. @param fd the socket owns it after the call. */
export function restoreDatagramSocket(fd: number, details: DatagramDetails, { queued }: InFlight): DatagramSocket {
  // Before the socket is made: bytes that make no sense leave the descriptor to the caller.
  const waited = unpackDatagrams(queued);
  const reactor = currentReactor();
  const scope = new AsyncScope('POLLUX_DATAGRAM_SOCKET');
  const socket = new DatagramSocket(reactor, reactor.driver.add(fd, scope), details);
  socket.putQueued(waited);
  return socket;
}

/** What says where to bind. */
const BINDING = ['port', 'host', 'path', 'ipv6Only', 'reusePort'] as const;

function take(fd: number, options: DatagramOptions): Opened {
  const beside = BINDING.find(name => options[name] !== undefined);
  if (beside !== undefined) throw new TypeError(`fd: given beside ${beside}; allowed: one of the two`);
  takeSocket('bindDatagram', fd, 'datagram');
  applySocketOptions(fd, options, false);
  return { fd, isShared: false, isGiven: true };
}

async function openAnew(values: OptionValues<typeof DATAGRAM_OPTIONS>): Promise<Opened> {
  const isUnnamed = values.path === '' && values.host === undefined && values.port === undefined;
  const candidates: Address[] = isUnnamed ? [{ family: 'unix', path: '' }] : await localCandidates(values);
  return openFirst(candidates, address => openBound(address, values));
}

interface Opened {
  readonly fd: number;
  /** Whether other sockets may share the port. */
  readonly isShared: boolean;
  /** It was opened elsewhere. A file that it is bound to belongs to the code that opened it. */
  readonly isGiven: boolean;
}

function openBound(address: Address, options: OptionValues<typeof DATAGRAM_OPTIONS>): Opened {
  const fd = openSocket(domainOf(address), SOCK_DGRAM);
  try {
    applySocketOptions(fd, options, false);
    if (address.family === 'ipv6') setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only ? 1 : 0);
    // No SO_REUSEADDR: with datagrams it lets anybody take the port over.
    const isShared = address.family !== 'unix' && sharePort(fd, options.reusePort);
    if (address.family !== 'unix' || address.path !== '') bind(fd, address);
    return { fd, isShared, isGiven: false };
  } catch (error) {
    closeAndThrow(fd, error);
  }
}
