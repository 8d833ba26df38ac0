/** Listening sockets, made and checked: what `listen` and the accept models of a runtime begin with. */
import { isIPv6 } from 'node:net';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_REUSEADDR,
  SO_REUSEPORT,
} from '../sys/constants.js';
import { close } from '../sys/io.js';
import { IoError } from '../sys/io-error.js';
import { platform } from '../sys/platform.js';
import { checkAddress, type Address } from '../sys/sockaddr.js';
import { bind, listen as listenOn, localAddress, openSocket, setOption } from '../sys/socket.js';
import { DEFER_ACCEPT, deferAccept, type DeferAccept } from './defer-accept.js';
import type { ListenerDetails } from './listener.js';
import { checkInteger, checkPort, queueLimits, type QueueLimits, type SocketOptions } from './options.js';
import { resolve } from './resolve.js';
import { applySocketOptions } from './socket-options.js';

export interface ListeningOptions extends SocketOptions, Partial<QueueLimits> {
  /** TCP port; 0, the default, lets the system choose one. */
  readonly port?: number;
  /** An address or name of this machine. Default: all addresses, IPv6 and IPv4 ('::' and dual stack where there is IPv6). */
  readonly host?: string;
  /** With an IPv6 host: refuse IPv4. Default false. */
  readonly ipv6Only?: boolean;
  /** A Unix socket in place of host and port: a path, or on Linux a name after a NUL byte. */
  readonly path?: string;
  /** Connections that may wait to be accepted; the kernel clips it to somaxconn. Default 4096. */
  readonly backlog?: number;
  /**
   * Whether several listeners may share the port and the kernel spreads the connections: 'require' throws where it can't,
   * 'prefer' goes on without (see `listener.reusePort`). Default 'off'.
   */
  readonly reusePort?: 'off' | 'prefer' | 'require';
  /**
   * Has the kernel keep a TCP connection back until its first bytes are there: 'data', or 'http' for a whole request head.
   * Where it can't, listening goes on without (see `listener.deferAccept`). A peer that waits to be spoken to first is
   * accepted late (Linux: after some 10 s) or never, so it is not for protocols in which the server begins. Default 'off'.
   */
  readonly deferAccept?: DeferAccept;
}

const DEFAULT_BACKLOG = 4096;

/** A socket that listens, and what is known of it; the descriptor is the caller's. */
export interface ListeningSocket {
  readonly fd: number;
  readonly details: ListenerDetails;
}

/**
 * @throws IoError (by the promise) EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE.
 * @throws RangeError, TypeError (by the promise) an option that makes no sense, named.
 */
export async function openListeningSocket(options: ListeningOptions): Promise<ListeningSocket> {
  const { port = 0, path, backlog = DEFAULT_BACKLOG, reusePort = 'off' } = options;
  checkPort(port, 0);
  checkInteger('backlog', backlog, 1, 0x7fffffff);
  if (!['off', 'prefer', 'require'].includes(reusePort)) {
    throw new TypeError(`reusePort: '${String(reusePort)}'; allowed: off, prefer, require`);
  }
  if (!DEFER_ACCEPT.includes(options.deferAccept ?? 'off')) {
    throw new TypeError(`deferAccept: '${String(options.deferAccept)}'; allowed: ${DEFER_ACCEPT.join(', ')}`);
  }
  if (path !== undefined && (options.port !== undefined || options.host !== undefined)) {
    throw new TypeError('path: it excludes host and port');
  }
  const limits = queueLimits(options);
  const candidates = path === undefined ? await internetCandidates(options.host, port) : [unixAddress(path)];
  const { fd, shared, deferred } = openFirst(candidates, backlog, options);
  const { noDelay, keepAlive, sendBufferBytes, receiveBufferBytes } = options;
  const socketOptions = { noDelay, keepAlive, sendBufferBytes, receiveBufferBytes };
  return {
    fd,
    details: { address: localAddress(fd), reusePort: shared, deferAccept: deferred, limits, socketOptions },
  };
}

interface Opened {
  readonly fd: number;
  /** Whether other listeners may share the port. */
  readonly shared: boolean;
  /** What the kernel waits for before it hands a connection over. */
  readonly deferred: DeferAccept;
}

/** Listens on the first candidate that this machine has: '::' is tried on the chance that there is IPv6. */
function openFirst(candidates: Address[], backlog: number, options: ListeningOptions): Opened {
  let refusal: unknown;
  for (const address of candidates) {
    try {
      return openListening(address, backlog, options);
    } catch (error) {
      refusal = error;
      if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes((error as IoError).code)) break;
    }
  }
  throw refusal;
}

function openListening(address: Address, backlog: number, options: ListeningOptions): Opened {
  const domain = address.family === 'unix' ? AF_UNIX : address.family === 'ipv4' ? AF_INET : AF_INET6;
  const fd = openSocket(domain, SOCK_STREAM);
  try {
    const shared = prepare(fd, address, options);
    bind(fd, address);
    listenOn(fd, backlog);
    const deferred = address.family === 'unix' ? 'off' : deferAccept(fd, options.deferAccept ?? 'off');
    return { fd, shared, deferred };
  } catch (error) {
    close(fd);
    throw error;
  }
}

async function internetCandidates(host: string | undefined, port: number): Promise<Address[]> {
  if (host !== undefined) return (await resolve(host, port)).slice(0, 1);
  return [
    { family: 'ipv6', address: '::', port },
    { family: 'ipv4', address: '0.0.0.0', port },
  ];
}

function unixAddress(path: string): Address {
  const address: Address = { family: 'unix', path };
  checkAddress(address);
  return address;
}

/** Everything that has to be set before bind(2). @returns whether the port is shared. */
function prepare(fd: number, address: Address, options: ListeningOptions): boolean {
  const isTcp = address.family !== 'unix';
  applySocketOptions(fd, options, isTcp);
  if (!isTcp) return false;
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (isIPv6(address.address)) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only ? 1 : 0);
  const { reusePort = 'off' } = options;
  if (reusePort === 'off') return false;
  // macOS and OpenBSD have the option, but hand all connections to one of the listeners.
  if (platform === 'linux' || platform === 'freebsd') {
    try {
      setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
      return true;
    } catch (error) {
      // SO_REUSEPORT_LB came with FreeBSD 12.
      if (reusePort === 'require' || !(error instanceof IoError && error.code === 'ENOPROTOOPT')) throw error;
    }
  }
  if (reusePort === 'prefer') return false;
  throw new IoError('ENOTSUP', 'setsockopt', 'SO_REUSEPORT', `${platform} does not spread connections over listeners`);
}
