/**
 * What a `net.Server` of Node does with its listening handle and its connections, and does not offer as an interface.
 */
import type { Server, Socket } from 'node:net';
import type { Listener } from '../api/listening/listener.js';
import type { Address } from '../sys/socket/sockaddr.js';

/** The part of libuv's listening handle that a server calls. `cluster` has Node call such objects too. */
interface ListeningHandle {
  close(): void;
  ref(): void;
  unref(): void;
  /** Left out for a Unix socket: the server then answers `_pipeName`. */
  getsockname?(into: { address?: string; port?: number; family?: string }): number;
}

interface Innards {
  _handle: object | null;
  _connections: number;
  _pipeName?: string;
  readonly allowHalfOpen: boolean;
  readonly noDelay?: boolean;
  readonly keepAlive?: boolean;
  readonly keepAliveInitialDelay?: number;
}

function innardsOf(server: Server): Innards {
  return server as unknown as Innards;
}

/**
 * Has the server listen by somebody else's means: `listening`, `address()`, `close()`, `ref()` and `unref()` go on
 * working.
 */
export function attach(server: Server, listener: Listener | undefined): void {
  const innards = innardsOf(server);
  const address = listener?.address;
  innards._handle = {
    close: () => void listener?.close(),
    ref: () => void listener?.ref(),
    unref: () => void listener?.unref(),
    ...(address !== undefined && address.family !== 'unix' && { getsockname: sayAddress(address) }),
  } satisfies ListeningHandle;
  if (address?.family === 'unix') innards._pipeName = address.path;
  // An HTTP server begins to look after its timeouts now.
  server.emit('listening');
}

/** What Node does with a connection that it has accepted. */
export function receive(server: Server, socket: Socket): void {
  const innards = innardsOf(server);
  if (innards.noDelay === true) socket.setNoDelay(true);
  if (innards.keepAlive === true) socket.setKeepAlive(true, innards.keepAliveInitialDelay);
  innards._connections++;
  Object.assign(socket, { server, _server: server });
  server.emit('connection', socket);
}

/** Whether the server has as many connections as it may. */
export function isFull(server: Server): boolean {
  return innardsOf(server)._connections >= (server.maxConnections ?? Infinity);
}

/** Whether the server's sockets stay open for writing after the peer's FIN: those of HTTP do. */
export function allowsHalfOpen(server: Server): boolean {
  return innardsOf(server).allowHalfOpen;
}

function sayAddress(address: Exclude<Address, { family: 'unix' }>): NonNullable<ListeningHandle['getsockname']> {
  return into => {
    into.address = address.address;
    into.port = address.port;
    into.family = address.family === 'ipv6' ? 'IPv6' : 'IPv4';
    return 0;
  };
}
