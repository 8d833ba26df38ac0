/** Clients that take their time in each phase of a request, and those that send without end. */
import { expect } from 'chai';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { currentReactor } from '../../../src/index.js';
import type { StaticServer } from '../../../src/servers.js';
import { patternBytes } from '../../support/files.js';
import { exchange, statusesIn } from '../exchange.js';
import { Served } from '../serve/served.js';

const MS = 150;
const LARGE = patternBytes(0, 32 * 1024 * 1024);

describe('slow and endless clients', () => {
  const files = new Served({ 'small.txt': 'small', 'large.bin': LARGE });
  after(() => currentReactor().close());

  const impatient = () =>
    files.server({
      timeouts: { idleMs: MS, headMs: MS, bodyMs: MS, writeMs: MS },
      ceilings: { maxBodyBytes: 100_000 },
    });

  /** Sends a byte at a time, without end, until the server ends it. @returns what came. */
  async function drip(server: StaticServer, begin: string, byte: string): Promise<string> {
    const socket = connect(server.port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.on('error', () => {});
    socket.write(begin, 'latin1');
    const timer = setInterval(() => socket.write(byte), MS / 5);
    await once(socket, 'close');
    clearInterval(timer);
    return received;
  }

  it('silent from the beginning: closed without a word', async () => {
    const server = await impatient();
    expect(await exchange(server.port)).to.equal('');
    expect(server.counters.late.idle).to.equal(1);
  });

  it('silent behind a response: closed', async () => {
    const server = await impatient();
    expect(statusesIn(await exchange(server.port, 'GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n'))).to.deep.equal([200]);
    expect(server.counters.late.idle).to.equal(1);
  });

  for (const [phase, begin, byte] of [
    ['the request line', 'GET /', 'a'],
    ['a name of a field', 'GET / HTTP/1.1\r\nX', 'x'],
    ['a value of a field', 'GET / HTTP/1.1\r\nHost: a\r\nX: ', 'x'],
    ['empty lines before a request', '\r\n', '\r\n'],
  ] as const) {
    it(`byte by byte in ${phase}: 408 when the time of a head is over, though bytes come`, async () => {
      const server = await impatient();
      expect(statusesIn(await drip(server, begin, byte))).to.deep.equal([408]);
      expect(server.counters.late.head).to.equal(1);
    });
  }

  it('a body that does not come is waited for as long as it may take, and its handler hears of it', async () => {
    const server = await impatient();
    let heard: string | undefined;
    server.route('/up', async (request, response) => {
      try {
        await request.body.text();
      } catch (error) {
        heard = (error as { code: string }).code;
        throw error;
      } finally {
        if (!response.hasBegun) response.send(400);
      }
    });
    const bytes = 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc';
    expect(statusesIn(await exchange(server.port, bytes))).to.have.length(1);
    expect(heard).to.equal('EPROTO');
    expect(server.counters.late.body).to.equal(1);
  });

  it('a client that takes nothing of a large file is broken off', async () => {
    const server = await impatient();
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'readable');
    await until(() => server.counters.open === 0);
    expect(server.counters.late.write).to.equal(1);
    expect(server.counters.broken).to.equal(1);
    socket.destroy();
  });

  it('a client that takes a large file slowly gets all of it', async () => {
    const server = await files.server({ timeouts: { writeMs: 400 } });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    let bytes = 0;
    for await (const chunk of socket) {
      bytes += (chunk as Buffer).length;
      if (bytes % 8 === 0) await new Promise(resolve => setTimeout(resolve, 2));
    }
    expect(bytes).to.be.greaterThan(LARGE.length);
    expect(server.counters.broken).to.equal(0);
  });

  for (const [flood, status, part] of [
    ['a target', 414, 'a'],
    ['fields', 431, 'x: y\r\n'],
    ['a name of a field', 431, 'x'],
    ['a value of a field', 431, 'y'],
  ] as const) {
    it(`${flood} without end: ${status}`, async () => {
      const { port } = await files.server();
      const begins: Record<string, string> = {
        'a target': 'GET /',
        fields: 'GET / HTTP/1.1\r\nHost: a\r\n',
        'a name of a field': 'GET / HTTP/1.1\r\n',
        'a value of a field': 'GET / HTTP/1.1\r\nHost: a\r\nx: ',
      };
      expect(statusesIn(await exchange(port, begins[flood], part.repeat(50_000)))).to.deep.equal([status]);
      expect(statusesIn(await exchange(port, begins[flood] + part.repeat(200_000)))).to.deep.equal([status]);
    });
  }

  it('a body that is declared too long, or grows too long in chunks: 413', async () => {
    const server = await impatient();
    server.route('/up', async (request, response) => response.send(200, {}, await request.body.text()));
    const declared = 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n';
    expect(statusesIn(await exchange(server.port, declared))).to.deep.equal([413]);
    const chunk = `ffff\r\n${'x'.repeat(0xffff)}\r\n`;
    const grows = `POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`;
    expect(statusesIn(await exchange(server.port, grows))).to.deep.equal([413]);
  });

  it('chunks that are nearly all extension, or trailers without end: refused', async () => {
    const server = await files.server();
    server.route('/up', async (request, response) => response.send(200, {}, await request.body.text()));
    const head = 'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(statusesIn(await exchange(server.port, `${head}1;${'e'.repeat(100_000)}`))).to.deep.equal([400]);
    expect(statusesIn(await exchange(server.port, `${head}0\r\n${'x: y\r\n'.repeat(20_000)}`))).to.deep.equal([400]);
  });

  it('many requests in one go, whose answers nobody takes, are held back', async () => {
    const server = await files.server();
    const socket: Socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    const request = 'GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n';
    for (let sent = 0; sent < 50; sent++) socket.write(request.repeat(100));
    await until(() => server.counters.requests > 0);
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(server.counters.requests).to.be.at.most(2);
    socket.destroy();
    await until(() => server.counters.open === 0);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5));
}
