/** Smoke programs of `pollux/node`. */
import { writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { connect as connectSocket, createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { adopt, listen, type TransferAccount } from '../../../index.js';
import { release, secure, sendFile, serveHttp, toDuplex, toWeb, type WebStreams } from '../../../node.js';
import { runtimeName } from '../../../sys/ffi/platform.js';
import { Inapplicable, type Check } from '../check.js';
import { expectBytes, expectEqual } from './expect.js';
import { connectedPair, LOOPBACK, readAll, smoke, someBytes } from './ground.js';

const LENGTH_BYTES = 1 << 20;

/** What takes a part of the runtime that Bun has not. */
function onNode(what: string): void {
  if (runtimeName !== 'node') throw new Inapplicable(`${what} is not there on ${runtimeName}`);
}

export async function fetchBytes(
  port: number,
  path: string,
  headers = {},
): Promise<{ status: number; body: Uint8Array }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, response => {
      const chunks: Uint8Array[] = [];
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk)).once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }));
    }).once('error', reject);
  });
}

async function readWeb({ readable }: WebStreams): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const reader = readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return Buffer.concat(chunks);
    chunks.push(value);
  }
}

export const node: readonly Check[] = [
  smoke('a connection is a stream of Node', async () => {
    const { client, server } = await connectedPair();
    const bytes = someBytes(LENGTH_BYTES);
    const chunks: Uint8Array[] = [];
    const collect = new Writable({ write: (chunk: Uint8Array, _encoding, done) => (chunks.push(chunk), done()) });
    await Promise.all([
      // Whose peer has nothing to say but FIN.
      pipeline(Readable.from([bytes]), createGzip(), toDuplex(client).resume()),
      pipeline(toDuplex(server), createGunzip(), collect),
    ]);
    expectBytes(Buffer.concat(chunks), bytes, 'what came through');
  }),
  smoke('a connection is a pair of streams of the web', async () => {
    const { client, server } = await connectedPair();
    const [web, other] = [toWeb(client), toWeb(server)];
    const writer = web.writable.getWriter();
    await writer.write(Buffer.from('by the web'));
    await Promise.all([writer.close(), other.writable.close()]);
    expectEqual((await readWeb(other)).toString(), 'by the web', 'what came through');
    expectEqual((await readWeb(web)).length, 0, 'bytes the other way');
  }),
  smoke("a connection becomes a socket of Node's", async () => {
    onNode("a socket of the runtime's own on a descriptor");
    const { client, server } = await connectedPair();
    await client.write('unread ');
    const socket = release(server);
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    const ended = new Promise(resolve => socket.once('end', resolve));
    client.end('and read');
    await ended;
    expectEqual(Buffer.concat(received).toString(), 'unread and read', 'what the socket received');
    socket.destroy();
    await client.close();
  }),
  smoke("a socket of Node's becomes a connection", async () => {
    onNode("taking a socket of the runtime's own");
    const server = createNetServer().listen(0, '127.0.0.1');
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve));
    await new Promise(resolve => server.once('listening', resolve));
    const socket = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
    await new Promise(resolve => socket.once('connect', resolve));
    const [client, other] = [adopt(socket), await accepted];
    other.end('from Node');
    expectEqual(Buffer.from(await readAll(client)).toString(), 'from Node', 'what the connection received');
    await client.close();
    server.close();
  }),
  smoke("Node's HTTP server answers on a listener, with a file by sendFile", async directory => {
    onNode('an HTTP server that takes connections from elsewhere');
    const path = join(directory, 'file');
    const bytes = someBytes(LENGTH_BYTES);
    writeFileSync(path, bytes);
    let account: Promise<TransferAccount> | undefined;
    const server = createServer((_request, response) => {
      account = Promise.resolve(sendFile(response, path));
    });
    const service = serveHttp(server, await listen(LOOPBACK));
    const { status, body } = await fetchBytes(service.listener!.port, '/');
    expectEqual(status, 200, 'the status');
    expectBytes(body, bytes, 'the body');
    const { path: way } = await account!;
    await service.close();
    return `by ${way}`;
  }),
  smoke('a secret is said over TLS', async () => {
    onNode('TLS with a shared key');
    const { client, server } = await connectedPair();
    const psk = Buffer.from('0123456789abcdef');
    const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const;
    const [secured, other] = await Promise.all([
      secure(client, {
        role: 'client',
        tls: { ...tls, pskCallback: () => ({ psk, identity: 'self-test' }), checkServerIdentity: () => undefined },
      }),
      secure(server, { role: 'server', tls: { ...tls, pskCallback: () => psk } }),
    ]);
    const bytes = someBytes(LENGTH_BYTES);
    const [received] = await Promise.all([readAll(other), secured.write(bytes).then(() => secured.end())]);
    expectBytes(received, bytes, 'what came through');
    other.end();
    await Promise.all([secured.close(), other.close()]);
    return secured.protocol ?? undefined;
  }),
];
