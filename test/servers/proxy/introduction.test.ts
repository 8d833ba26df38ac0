/** What a client says before it goes to an upstream: PROXY headers, TLS hellos and handshakes, with real sockets. */
import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { Connection, Listener } from '../../../src/index.js';
import type { SessionRecord } from '../../../src/servers.js';
import { parseProxyHeader } from '../../../src/servers/proxy/introduction/proxy-protocol/parse.js';
import { encodeVersion2 } from '../../../src/servers/proxy/introduction/proxy-protocol/version-2.js';
import { cert, key } from '../../support/certificate.js';
import { atEnd, connected, listening, readAll, rejection } from '../../support/sockets.js';
import { leavesNothing, LOOPBACK, named, proxying, through, until } from './upstreams.js';

/** Sends everything that it got back, once the client has ended. */
async function returning(): Promise<Listener> {
  return listening({
    host: LOOPBACK,
    onConnection: connection =>
      void readAll(connection).then(
        bytes => connection.end(bytes),
        () => {},
      ),
  });
}

const upstreamOf = ({ port }: Listener) => ({ upstreams: [{ host: LOOPBACK, port }] });

async function exchange(client: Connection, ...pieces: (string | Uint8Array)[]): Promise<Buffer> {
  for (const piece of pieces) {
    client.send(piece);
    await new Promise(resolve => setImmediate(resolve));
  }
  client.end();
  return Buffer.from(await readAll(client));
}

/** A TLS server of Node's that says its name and what it was asked for. */
async function secureServer(name: string): Promise<number> {
  const server = createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, socket => {
    socket.on('error', () => {});
    socket.end(`${name} ${socket.servername as string} ${socket.alpnProtocol as string}`);
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  atEnd(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function secureAnswer(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', chunk => (text += String(chunk)));
  await once(socket, 'close');
  return text;
}

describe('PROXY headers', () => {
  leavesNothing();

  it('are taken of trusted proxies, in any pieces, and passed on with their fields', async () => {
    const pool = { ...upstreamOf(await returning()), proxyProtocol: 'v2' as const };
    const records: SessionRecord[] = [];
    const listen = { host: LOOPBACK, trustedProxies: '127.0.0.0/8' };
    const proxy = await proxying({ listen, pool, onEnd: record => records.push(record) });
    const source = { family: 'ipv6', address: '2001:db8::7', port: 7 } as const;
    const destination = { family: 'ipv6', address: '2001:db8::8', port: 8 } as const;
    const header = encodeVersion2({
      ends: { source, destination },
      tlvs: [{ type: 2, value: Buffer.from('a.example') }],
    });
    const answer = await exchange(
      await through(proxy),
      header.subarray(0, 5),
      header.subarray(5, 30),
      Buffer.concat([header.subarray(30), Buffer.from('hel')]),
      'lo',
    );
    const { value, lengthBytes } = parseProxyHeader(answer)!;
    expect(value.ends).to.deep.equal({ source, destination });
    expect(value.tlvs.map(tlv => [tlv.type, Buffer.from(tlv.value).toString()])).to.deep.equal([[2, 'a.example']]);
    expect(answer.subarray(lengthBytes).toString()).to.equal('hello');
    await until(() => records.length === 1);
    expect(records[0]).to.include({ source: '2001:db8::7', outcome: 'completed' });
  });

  it('are sent of the client itself where nobody came before', async () => {
    const pool = { ...upstreamOf(await returning()), proxyProtocol: 'v1' as const };
    const proxy = await proxying({ pool });
    const client = await through(proxy);
    const { port } = client.localAddress as { port: number };
    const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${port} ${proxy.listeners[0].port}\r\n`;
    expect((await exchange(client, 'hello')).toString()).to.equal(`${line}hello`);
  });

  it('of a client of a Unix socket say that it is not known', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-proxy-'));
    try {
      const pool = { ...upstreamOf(await returning()), proxyProtocol: 'v1' as const };
      const path = join(directory, 'socket');
      await proxying({ listen: { path }, pool });
      expect((await exchange(await connected({ path }), 'hello')).toString()).to.equal('PROXY UNKNOWN\r\nhello');
      const trusting = join(directory, 'trusting');
      await proxying({ listen: { path: trusting, trustedProxies: ['unix'] }, pool });
      const header = 'PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n';
      expect((await exchange(await connected({ path: trusting }), `${header}x`)).toString()).to.equal(`${header}x`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('of others are bytes as any', async () => {
    const listen = { host: LOOPBACK, trustedProxies: '10.0.0.0/8' };
    const proxy = await proxying({ listen, pool: upstreamOf(await returning()) });
    const line = 'PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n';
    expect((await exchange(await through(proxy), line)).toString()).to.equal(line);
  });

  it('say who is refused', async () => {
    const listen = { host: LOOPBACK, trustedProxies: LOOPBACK, access: { rules: [{ deny: '192.0.2.0/24' }] } };
    const proxy = await proxying({ listen, pool: upstreamOf(await returning()) });
    const line = (address: string) => `PROXY TCP4 ${address} 5.6.7.8 9 10\r\n`;
    expect((await exchange(await through(proxy), line('192.0.3.1'), 'x')).toString()).to.equal('x');
    const refused = await through(proxy);
    refused.send(line('192.0.2.1'));
    expect((await rejection(refused.read())).code).to.equal('ECONNRESET');
  });

  for (const [what, sent, outcome] of [
    ['makes no sense', 'GET / HTTP/1.1\r\n', 'invalid'],
    ['never ends', 'PROXY TCP4 1.2.3.4', 'timed-out'],
    ['never begins', '', 'timed-out'],
  ] as const) {
    it(`that ${what} ends the connection, and no upstream hears of it`, async () => {
      const listen = { host: LOOPBACK, trustedProxies: LOOPBACK };
      const proxy = await proxying({ listen, pool: upstreamOf(await returning()), timeouts: { headMs: 50 } });
      const client = await through(proxy);
      client.send(sent);
      expect((await rejection(client.read())).code).to.equal('ECONNRESET');
      await until(() => proxy.size === 0);
      const { outcomes, pools } = proxy.snapshot();
      expect([outcomes[outcome], pools.default[0].connected]).to.deep.equal([1, 0]);
    });
  }

  it('that a client leaves in the middle of costs nothing', async () => {
    const listen = { host: LOOPBACK, trustedProxies: LOOPBACK };
    const proxy = await proxying({ listen, pool: upstreamOf(await returning()) });
    const client = await through(proxy);
    client.end('PROXY TC');
    await rejection(client.read());
    await until(() => proxy.size === 0);
    expect(proxy.snapshot().outcomes.invalid).to.equal(1);
  });
});

describe('TLS through the proxy', () => {
  leavesNothing();

  it('is routed by name and protocol as it is, and the rest goes to the default', async () => {
    const [a, b, rest] = [await secureServer('a'), await secureServer('b'), await named('rest')];
    const pools = { a: { upstreams: [{ host: LOOPBACK, port: a }] }, b: { upstreams: [{ host: LOOPBACK, port: b }] } };
    const routes = [
      { serverNames: 'a.example', pool: 'a' },
      { protocols: 'http/1.1', pool: 'b' },
    ];
    const proxy = await proxying({ listen: { host: LOOPBACK, routes }, pools, pool: upstreamOf(rest) });
    const { port } = proxy.listeners[0];
    const ask = async (servername: string, protocol: string) => {
      const socket = connectTls({
        port,
        servername,
        ca: cert,
        checkServerIdentity: () => undefined,
        ALPNProtocols: [protocol],
      });
      return secureAnswer(socket);
    };
    expect(await ask('a.example', 'http/1.1')).to.equal('a a.example http/1.1');
    expect(await ask('c.example', 'http/1.1')).to.equal('b c.example http/1.1');
    const plain = await through(proxy);
    plain.send('hello');
    expect((await plain.read())!.toString()).to.equal('rest:hello');
  });

  it('ends a client that no pool is for, and one whose hello never ends', async () => {
    const pools = { a: upstreamOf(await returning()) };
    const listen = { host: LOOPBACK, routes: [{ serverNames: 'a.example', pool: 'a' }] };
    const proxy = await proxying({ listen, pools, timeouts: { headMs: 50 } });
    for (const sent of ['hello', Buffer.from([22, 3, 1, 1, 0, 1])]) {
      const client = await through(proxy);
      client.send(sent);
      expect((await rejection(client.read())).code).to.equal('ECONNRESET');
    }
    await until(() => proxy.size === 0);
    const { outcomes } = proxy.snapshot();
    expect([outcomes.refused, outcomes['timed-out']]).to.deep.equal([1, 1]);
  });

  it('is ended here, and the upstream gets plain bytes: a header of who the client is, and all that was sent', async () => {
    const pool = { ...upstreamOf(await returning()), proxyProtocol: 'v1' as const };
    const proxy = await proxying({ listen: { host: LOOPBACK, tls: { key, cert } }, pool });
    const socket = connectTls({ port: proxy.listeners[0].port, host: LOOPBACK, ca: cert, servername: 'localhost' });
    await once(socket, 'secureConnect');
    const bytes = Buffer.alloc(1_500_000, 'secret');
    socket.end(bytes);
    const answer = Buffer.concat((await socket.toArray()) as Buffer[]);
    const { value, lengthBytes } = parseProxyHeader(answer)!;
    expect(value.ends!.source).to.include({ address: LOOPBACK });
    expect(answer.subarray(lengthBytes).equals(bytes)).to.equal(true);
    await until(() => proxy.size === 0);
    const { outcomes, bytes: moved } = proxy.snapshot();
    expect([outcomes.completed, moved.toUpstreams]).to.deep.equal([1, bytes.length]);
  });

  it('that is ended here, and is none, costs no upstream a connection', async () => {
    const proxy = await proxying({
      listen: { host: LOOPBACK, tls: { key, cert }, maxConnections: 1 },
      pool: upstreamOf(await returning()),
      timeouts: { headMs: 50 },
    });
    for (const sent of ['GET / HTTP/1.1\r\n\r\n', '']) {
      const client = await through(proxy);
      client.send(sent);
      await readAll(client).catch(() => {});
    }
    await until(() => proxy.size === 0);
    const { outcomes, pools } = proxy.snapshot();
    expect([outcomes.invalid, outcomes['timed-out'], pools.default[0].connected]).to.deep.equal([1, 1, 0]);
  });

  for (const [what, timeouts] of [
    ['nothing moves', { idleMs: 50 }],
    ['one side has ended', { halfCloseMs: 50 }],
    ['it lasts too long', { lifetimeMs: 50 }],
  ] as const) {
    it(`that is ended here is over when ${what}`, async () => {
      const upstream = await listening({ host: LOOPBACK, onConnection: connection => (connection.onEnd = () => {}) });
      const proxy = await proxying({
        listen: { host: LOOPBACK, tls: { key, cert } },
        pool: upstreamOf(upstream),
        timeouts,
      });
      const socket = connectTls({ port: proxy.listeners[0].port, host: LOOPBACK, ca: cert, servername: 'localhost' });
      socket.on('error', () => {});
      await once(socket, 'secureConnect');
      if ('halfCloseMs' in timeouts) socket.end('x');
      socket.resume();
      await until(() => proxy.snapshot().outcomes['timed-out'] === 1);
      socket.destroy();
    });
  }

  it('that is ended here passes back-pressure on', async () => {
    const upstream = await listening({ host: LOOPBACK, onConnection: connection => (connection.onEnd = () => {}) });
    const proxy = await proxying({ listen: { host: LOOPBACK, tls: { key, cert } }, pool: upstreamOf(upstream) });
    const socket = connectTls({ port: proxy.listeners[0].port, host: LOOPBACK, ca: cert, servername: 'localhost' });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    let sentBytes = 0;
    let lastBytes = -1;
    const piece = Buffer.alloc(256 * 1024);
    while (sentBytes !== lastBytes && sentBytes < 512 * 1024 * 1024) {
      lastBytes = sentBytes;
      const fits =
        socket.write(piece) ||
        (await Promise.race([once(socket, 'drain'), new Promise(resolve => setTimeout(resolve, 300))]));
      if (fits !== undefined) sentBytes += piece.length;
    }
    expect(sentBytes).to.be.below(64 * 1024 * 1024);
    socket.destroy();
  });
});
