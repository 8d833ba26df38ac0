/** Upstreams that speak HTTP, for tests of the proxy: one that notes what it gets to the byte, and one that plays a script. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { HttpProxyOptions, ProxyOptions, ProxyServer } from '../../../../src/servers.js';
import { atEnd } from '../../../support/sockets.js';
import { LOOPBACK, proxying } from '../upstreams.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An upstream of node:http. */
export interface NodeUpstream {
  readonly port: number;
  /** All bytes that came, of all connections in the order of their coming; Latin-1. */
  received(): string;
  /** Connections that were accepted. */
  connections(): number;
  /** Ends those that wait for a request. */
  closeIdle(): void;
}

/** Answers by a handler; by default with 'method path body'. */
export async function nodeUpstream(handler: Handler = echo): Promise<NodeUpstream> {
  let received = '';
  let connections = 0;
  const server = createServer({ keepAliveTimeout: 600_000 }, handler);
  server.on('connection', socket => {
    connections++;
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  });
  await opened(server);
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    received: () => received,
    connections: () => connections,
    closeIdle: () => server.closeIdleConnections(),
  };
}

/** Each connection goes to `onConnection`, which plays what it likes. @returns the port. */
export async function scriptedUpstream(onConnection: (socket: Socket, number: number) => void): Promise<number> {
  const sockets = new Set<Socket>();
  let number = 0;
  const server = createTcpServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket, number++);
  });
  await opened(server);
  atEnd(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers each head with the same bytes, whatever it asks for. */
export function answering(bytes: string): (socket: Socket) => void {
  return socket => {
    let head = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      head += text;
      for (let end = head.indexOf('\r\n\r\n'); end >= 0; end = head.indexOf('\r\n\r\n')) {
        head = head.slice(end + 4);
        socket.write(bytes, 'latin1');
      }
    });
  };
}

/** A proxy before one port. */
export function httpProxying(port: number, http: HttpProxyOptions = {}, more: ProxyOptions = {}): Promise<ProxyServer> {
  return proxying({ pool: { upstreams: [{ host: LOOPBACK, port }] }, http, ...more });
}

export function portOf(proxy: ProxyServer): number {
  return proxy.listeners[0].port;
}

/** The last request line and fields of what an upstream got, in small letters. */
export function lastHead(received: string): string {
  const heads = received.split('\r\n\r\n').filter(each => each.includes(' HTTP/1.1'));
  return heads[heads.length - 1];
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  let body = '';
  request.setEncoding('latin1').on('data', (text: string) => (body += text));
  request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
}

async function opened(server: Server): Promise<void> {
  await new Promise<void>(resolve => server.listen(0, LOOPBACK, resolve));
}
