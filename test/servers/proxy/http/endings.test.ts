/** How exchanges end that do not end well: what the client gets, and what is left of connections. */
import { expect } from 'chai';
import { connect as connectSocket, type Socket } from 'node:net';
import { exchange, statusesIn } from '../../exchange.js';
import { deadPort, leavesNothing, LOOPBACK, mutePort, until } from '../upstreams.js';
import { answering, httpProxying, nodeUpstream, portOf, scriptedUpstream } from './http-upstreams.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const KEPT = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';

/** How a connection ended, and what came before. */
async function ending(port: number, bytes: string): Promise<{ received: string; isReset: boolean }> {
  const socket = connectSocket(port, LOOPBACK);
  let received = '';
  let isReset = false;
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  socket.on('error', (error: NodeJS.ErrnoException) => (isReset = error.code === 'ECONNRESET'));
  socket.write(bytes, 'latin1');
  await new Promise(resolve => socket.on('close', resolve));
  return { received, isReset };
}

/** The first connection ends without a word once it is asked for the second time; those that follow answer. */
function stale(asked: string[]): (socket: Socket, number: number) => void {
  return (socket, number) => {
    let requests = 0;
    socket.setEncoding('latin1').on('data', (text: string) => {
      asked.push(text);
      if (number === 0 && ++requests === 2) socket.destroy();
      else socket.write(OK);
    });
  };
}

describe('a proxy that speaks HTTP, at the end of exchanges', () => {
  leavesNothing();

  it('502, 503 and 504 of its own where no upstream answers', async () => {
    const status = async (port: number, more = {}) => {
      const proxy = await httpProxying(port, { timeouts: { responseMs: 50 } }, more);
      const received = await exchange(portOf(proxy), GET);
      expect(received).to.match(
        /\r\nContent-Type: text\/plain\r\nContent-Length: (\d+)\r\nConnection: close\r\n\r\n\d{3} /,
      );
      return statusesIn(received)[0];
    };
    const dead = await deadPort();
    expect(await status(dead)).to.equal(502);
    expect(
      await status(await mutePort(), {
        pool: { upstreams: [{ host: LOOPBACK, port: await mutePort() }], connectTimeoutMs: 50 },
      }),
    ).to.equal(504);
    expect(await status(await scriptedUpstream(() => {}))).to.equal(504);
    expect(await status(await scriptedUpstream(socket => socket.on('data', () => socket.destroy())))).to.equal(502);
    expect(await status(await scriptedUpstream(answering('nonsense\r\n\r\n')))).to.equal(502);
    expect(
      await status(await scriptedUpstream(answering(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`))),
    ).to.equal(502);
    const full = { pool: { upstreams: [{ host: LOOPBACK, port: dead, maxConnections: 1 }] } };
    const proxy = await httpProxying(0, {}, full);
    expect(statusesIn(await exchange(portOf(proxy), KEPT + GET))).to.deep.equal([502, 502]);
  });

  for (const [name, head] of Object.entries({
    'two lengths': 'Content-Length: 1\r\nContent-Length: 2',
    'a length and chunks': 'Content-Length: 1\r\nTransfer-Encoding: chunked',
    'a length that is none': 'Content-Length: 1x',
    'an unknown coding': 'Transfer-Encoding: gzip',
    'a change that nobody asked for': '',
  })) {
    it(`502 for a response with ${name}`, async () => {
      const start =
        head === ''
          ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade'
          : `HTTP/1.1 200 OK\r\n${head}`;
      const port = portOf(await httpProxying(await scriptedUpstream(answering(`${start}\r\n\r\n`))));
      expect(statusesIn(await exchange(port, GET))).to.deep.equal([502]);
    });
  }

  for (const status of ['4', '099', '600', '999']) {
    it(`502 for a response with the status ${status}`, async () => {
      const proxy = await httpProxying(
        await scriptedUpstream(answering(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`)),
      );
      expect(statusesIn(await exchange(portOf(proxy), GET))).to.deep.equal([502]);
      expect(proxy.snapshot().http!.responses).to.deep.equal([0, 0, 0, 0, 0, 1]);
    });
  }

  it('goes to another upstream that works, and tells that the first does not', async () => {
    const upstream = await nodeUpstream();
    const silent = await scriptedUpstream(socket => socket.on('data', () => socket.destroy()));
    const ports = [await deadPort(), silent, upstream.port];
    const pool = { upstreams: ports.map(port => ({ host: LOOPBACK, port })), health: { failures: 1 } };
    const proxy = await httpProxying(0, {}, { pool });
    expect(statusesIn(await exchange(portOf(proxy), GET))).to.deep.equal([200]);
    expect(proxy.snapshot().pools.default.map(({ state, active }) => `${state} ${active}`)).to.deep.equal([
      'resting 0',
      'resting 0',
      'up 0',
    ]);
    expect(proxy.snapshot().http!.retried).to.equal(1);
  });

  it('makes a new connection, once, when a kept one has been closed, and only if that does no harm', async () => {
    const asked: string[] = [];
    const proxy = await httpProxying(await scriptedUpstream(stale(asked)));
    expect(statusesIn(await exchange(portOf(proxy), KEPT + GET))).to.deep.equal([200, 200]);
    expect(asked).to.have.length(3);
    expect(proxy.snapshot().http).to.include({ retried: 1, dialled: 2 });
    expect(proxy.snapshot().pools.default[0]).to.include({ failed: 0, state: 'up' });
    const posted: string[] = [];
    const other = await httpProxying(await scriptedUpstream(stale(posted)));
    expect(statusesIn(await exchange(portOf(other), `${POST}${POST}`.replace(/(body)$/, '$1') + GET))).to.deep.equal([
      200, 502, 200,
    ]);
    expect(posted).to.have.length(3);
  });

  it('does not keep a connection that spoke without being asked, or said more than a response', async () => {
    for (const extra of ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison', 'x']) {
      const port = await scriptedUpstream((socket, number) =>
        socket.on('data', () => socket.write(number === 0 ? OK + extra : OK)),
      );
      const proxy = await httpProxying(port);
      const received = await exchange(portOf(proxy), KEPT + GET);
      expect(statusesIn(received)).to.deep.equal([200, 200]);
      expect(received).to.not.include('poison');
      expect(proxy.snapshot().http).to.include({ dialled: 2, reused: 0 });
    }
    let idle: Socket | undefined;
    const proxy = await httpProxying(
      await scriptedUpstream(socket => (idle = socket).on('data', () => socket.write(OK))),
    );
    await exchange(portOf(proxy), GET);
    expect(proxy.snapshot().http!.idle).to.equal(1);
    idle!.write('HTTP/1.1 408 Late\r\n\r\n');
    await until(() => proxy.snapshot().http!.idle === 0);
  });

  it('breaks the client off, and never ends a body, when an upstream dies within a response', async () => {
    for (const [framing, close] of [
      ['Content-Length: 1000', 'end'],
      ['Content-Length: 1000000', 'end'],
      ['Transfer-Encoding: chunked', 'end'],
      ['Transfer-Encoding: chunked', 'reset'],
      ['Connection: close', 'reset'],
    ]) {
      const part = framing.startsWith('T') ? '3\r\nabc\r\n' : 'abc';
      const port = await scriptedUpstream(socket => {
        socket.on('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${part}`);
          setTimeout(() => (close === 'end' ? socket.end() : socket.resetAndDestroy()), 20);
        });
      });
      const proxy = await httpProxying(port);
      for (const request of [KEPT, 'GET / HTTP/1.0\r\n\r\n']) {
        const { received, isReset } = await ending(portOf(proxy), request);
        expect(isReset, framing).to.equal(true);
        expect(received).to.not.match(/0\r\n\r\n$/);
      }
      expect(proxy.snapshot().http).to.include({ broken: 2 });
      expect(proxy.snapshot().outcomes['upstream-broke']).to.equal(2);
    }
  });

  it('passes a response on that ends with its connection', async () => {
    const port = portOf(
      await httpProxying(
        await scriptedUpstream(socket => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall'))),
      ),
    );
    expect(await exchange(port, GET)).to.match(/Transfer-Encoding: chunked\r\n[^]*\r\n\r\n3\r\nall\r\n0\r\n\r\n$/);
    expect(await exchange(port, 'GET / HTTP/1.0\r\n\r\n')).to.match(/^HTTP\/1\.0 200[^]*\r\n\r\nall$/);
  });

  it('passes a response on that comes before the end of its request, and drops the rest of that', async () => {
    const port = await scriptedUpstream(socket =>
      socket.once('data', () => socket.write('HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n')),
    );
    const proxy = await httpProxying(port);
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf';
    const socket = connectSocket(portOf(proxy), LOOPBACK);
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.write(head);
    await until(() => received.includes('413'));
    socket.write(`rest${GET}`);
    await new Promise(resolve => socket.on('close', resolve));
    expect(statusesIn(received)).to.deep.equal([413, 413]);
    expect(proxy.snapshot().http!.dialled).to.equal(2);
  });

  it('resets a client whose body stops to make sense while it is answered', async () => {
    const port = await scriptedUpstream(socket =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')),
    );
    const proxy = await httpProxying(port);
    const socket = connectSocket(portOf(proxy), LOOPBACK);
    let received = '';
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    await until(() => received.endsWith('abc'));
    socket.write('nonsense');
    await new Promise(resolve => socket.on('close', resolve));
    await until(() => proxy.size === 0);
    expect(proxy.snapshot().http).to.include({ broken: 1, requests: 1 });
  });

  it('is not held up by a client that sends a body and never ends it', async () => {
    const timeouts = { bodyMs: 40, headMs: 40, idleMs: 40 };
    const proxy = await httpProxying((await nodeUpstream()).port, { timeouts });
    expect(
      statusesIn(await exchange(portOf(proxy), 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf')),
    ).to.deep.equal([408]);
    expect(statusesIn(await exchange(portOf(proxy), 'GET / HT'))).to.deep.equal([408]);
    expect(await exchange(portOf(proxy), '')).to.equal('');
    expect(proxy.snapshot().http!.late).to.include({ body: 1, head: 1, idle: 1 });
  });

  it('ends exchanges in which neither side moves', async () => {
    const stuck = await scriptedUpstream(socket =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')),
    );
    const proxy = await httpProxying(stuck, { timeouts: { responseBodyMs: 40 } });
    expect((await ending(portOf(proxy), GET)).isReset).to.equal(true);
    const deaf = await scriptedUpstream(socket => socket.pause());
    const second = await httpProxying(deaf, { timeouts: { sendMs: 40 } });
    const big = connectSocket(portOf(second), LOOPBACK);
    big.on('error', () => {});
    let received = '';
    big.setEncoding('latin1').on('data', (text: string) => (received += text));
    big.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const timer = setInterval(() => big.writableLength < 1e6 && big.write(chunk.repeat(4)), 1);
    await new Promise(resolve => big.on('close', resolve));
    clearInterval(timer);
    expect(second.snapshot().http!.late.send).to.equal(1);
    const large = await nodeUpstream((_, response) => response.end(Buffer.alloc(30_000_000)));
    const third = await httpProxying(large.port, { timeouts: { writeMs: 40, responseBodyMs: 40 } });
    const lazy = connectSocket(portOf(third), LOOPBACK);
    lazy.on('error', () => {});
    lazy.pause().write(GET);
    await until(() => third.snapshot().http!.broken === 1);
    lazy.destroy();
  });

  it('answers a client that has ended its side, and leaves an upstream whose client is gone', async () => {
    const upstream = await nodeUpstream((_, response) => setTimeout(() => response.end('late'), 30));
    const proxy = await httpProxying(upstream.port);
    const socket = connectSocket({ port: portOf(proxy), host: LOOPBACK, allowHalfOpen: true });
    let received = '';
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
    socket.end(KEPT);
    await new Promise(resolve => socket.on('end', resolve));
    expect(received).to.match(/200 OK[^]*late/);
    let closed = 0;
    const port = await scriptedUpstream(silent => silent.resume().on('close', () => closed++));
    const other = await httpProxying(port);
    const gone = connectSocket(portOf(other), LOOPBACK);
    gone.write(KEPT);
    await until(
      () => other.snapshot().pools.default[0].active === 1 && other.snapshot().pools.default[0].connected === 1,
    );
    gone.resetAndDestroy();
    await until(() => other.snapshot().pools.default[0].active === 0);
    expect(other.snapshot().http!.broken).to.equal(1);
  });

  it('drains: idle clients go at once, requests that are under way are answered, and no client goes on', async () => {
    let answer = () => {};
    const upstream = await nodeUpstream((_, response) => (answer = () => response.end('done')));
    const proxy = await httpProxying(upstream.port);
    const [busy, idle] = [ending(portOf(proxy), KEPT), ending(portOf(proxy), '')];
    await until(() => upstream.received() !== '' && proxy.size === 2);
    const drained = proxy.drain({ deadlineMs: 60_000, idleMs: 1 });
    expect(await idle).to.deep.equal({ received: '', isReset: false });
    await new Promise(resolve => setTimeout(resolve, 20));
    answer();
    const { received, isReset } = await busy;
    expect(received).to.match(/200 OK[^]*Connection: close\r\n[^]*done$/);
    expect(isReset).to.equal(false);
    expect(await drained).to.deep.equal({ closedIdle: 0, reset: 0 });
  });
});
