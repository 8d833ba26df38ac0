/** HTTP on connections of Pollux, served by what is written for Node: `node:http`, Express, Fastify, ws. */
import { wrongState } from '../sys/ffi/io-error.js';
import { Server as NodeServer } from 'node:net';
import { kindOf } from '../base/arguments.js';
import { Listener } from '../api/listening/listener.js';
import { LISTENER_WAYS } from '../api/one-way.js';
import type { Connection } from '../api/stream/connection.js';
import type { Address } from '../sys/socket/sockaddr.js';
import { allowsHalfOpen, attach, isFull, receive } from './node-server.js';
import { release } from './release.js';

/** The service of a Node server: what `serveHttp` returns. */
export class HttpService {
  /** @internal */
  constructor(
    /** Node's server. */
    readonly server: NodeServer,
    /** Where its connections come from, if that is a listener of this thread. */
    readonly listener: Listener | undefined,
  ) {}

  /**
   * Serves one more connection, which is the server's from then on. For those that come from elsewhere than the
   * listener:
   *
   *     receiveConnections(currentWorker().endpoint, connection => service.accept(connection));
   *
   * Beyond `server.maxConnections` it is closed, and the server emits 'drop'. So is one that comes after `close`.
   *
   * @throws as `release`.
   */
  accept(connection: Connection): void {
    const { server } = this;
    if (!server.listening) return connection.destroy();
    if (isFull(server)) {
      const ends = endsOf(connection);
      connection.destroy();
      server.emit('drop', ends);
      return;
    }
    receive(server, release(connection, { allowHalfOpen: allowsHalfOpen(server) }));
  }

  /**
   * As `server.close()`, which does the same: the listener is closed, connections that wait for a request are closed,
   * and the others when their request is answered.
   *
   * @returns a promise that resolves when the last connection is closed.
   */
  close(): Promise<void> {
    return new Promise(resolve => this.server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Has a server of Node serve the connections of a listener: `http`, `https` and `http2`, and what stands on them, such
 * as Express, Fastify and `ws`, run unchanged.
 *
 *     const server = createServer((request, response) => response.end('hello\n'));
 *     serveHttp(server, await listen({ port: 8080 }));
 *
 * Each connection becomes a Node socket (`release`), so that a request costs what it costs there. For the server all is
 * as after `server.listen()`: it emits 'listening'; `address()`, `close()`, `ref()`, `unref()`, `getConnections()`,
 * `maxConnections` and its timeouts work. `server.close()` closes the listener.
 *
 * @param server that does not listen: one of `http`, `https`, `http2`, `net` or `tls`.
 * @param listener that nobody accepts from. Without it connections come by `accept` only.
 * @throws TypeError no Node server, no listener.
 * @throws IoError EALREADY: the server listens; EBUSY: the listener has a handler or is iterated; EBADF: the listener
 *   is closed or was moved.
 */
export function serveHttp(server: NodeServer, listener?: Listener): HttpService {
  if (!(server instanceof NodeServer)) {
    throw new TypeError(`server: ${kindOf(server)}; allowed: a server of node:http, https, http2, net or tls`);
  }
  if (server.listening)
    throw wrongState('EALREADY', 'serveHttp', 'the server listens already; give it one that does not');
  if (listener !== undefined) checkListener(listener);
  const service = new HttpService(server, listener);
  if (listener !== undefined) listener.onConnection = connection => service.accept(connection);
  attach(server, listener);
  return service;
}

function checkListener(listener: Listener): void {
  if (!(listener instanceof Listener)) throw new TypeError(`listener: ${kindOf(listener)}; allowed: a Listener`);
  if (listener.isClosed)
    throw wrongState('EBADF', 'serveHttp', 'the listener is closed, or was moved to another thread');
  if (listener.onConnection !== undefined) throw LISTENER_WAYS.handlerIsSet('serveHttp');
}

/** What Node tells of a connection that it drops. */
function endsOf(connection: Connection): Record<string, string | number> {
  return { ...addressOf('local', connection.localAddress), ...addressOf('remote', connection.remoteAddress) };
}

function addressOf(end: 'local' | 'remote', address: Address | undefined): Record<string, string | number> {
  if (address === undefined || address.family === 'unix') return {};
  const family = address.family === 'ipv6' ? 'IPv6' : 'IPv4';
  return { [`${end}Address`]: address.address, [`${end}Port`]: address.port, [`${end}Family`]: family };
}
