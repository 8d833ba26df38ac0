/** The proxy with real sockets: what goes through it, whom it chooses, and how connections come to their ends. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Connection } from '../../../src/index.js';
import type { SessionRecord } from '../../../src/servers.js';
import { connected, Digest, listening, readAll, rejection } from '../../support/sockets.js';
import {
  answering,
  ask,
  deadPort,
  leavesNothing,
  LOOPBACK,
  mutePort,
  named,
  proxying,
  through,
  until,
} from './upstreams.js';

describe('the proxy', () => {
  leavesNothing();

  it('carries both directions to the last byte, and half-close', async () => {
    const upstream = await listening({
      host: LOOPBACK,
      onConnection: connection =>
        void readAll(connection).then(bytes => {
          connection.end(Buffer.concat([bytes, bytes]));
        }),
    });
    const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } });
    const client = await through(proxy);
    const bytes = Buffer.alloc(3_000_000, 'abcdefg');
    await client.write(bytes);
    client.end();
    const sent = new Digest();
    sent.add(bytes);
    sent.add(bytes);
    const received = new Digest();
    received.add(await readAll(client));
    expect(`${received}`).to.equal(`${sent}`);
    await until(() => proxy.size === 0);
    const { outcomes, bytes: moved, pools } = proxy.snapshot();
    expect(outcomes.completed).to.equal(1);
    expect([moved.toUpstreams, moved.toClients]).to.deep.equal([bytes.length, 2 * bytes.length]);
    expect(pools.default[0]).to.include({ state: 'up', active: 0, connected: 1, failed: 0 });
  });

  it('joins Unix sockets, IPv6 and IPv4', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-proxy-'));
    try {
      const path = join(directory, 'upstream');
      const echo = (connection: Connection) => {
        connection.onData = chunk => connection.send(chunk);
      };
      await listening({ path, onConnection: echo });
      const inner = await proxying({ listen: { host: '::1' }, pool: { upstreams: [{ path }] } });
      const front = join(directory, 'front');
      const outer = await proxying({
        listen: [{ path: front }, { host: LOOPBACK }],
        pool: { upstreams: [{ host: '::1', port: inner.listeners[0].port }] },
      });
      for (const to of [{ path: front }, { host: LOOPBACK, port: outer.listeners[1].port }]) {
        const client = await connected(to);
        client.send('hello');
        expect((await client.read())!.toString()).to.equal('hello');
        await client.close();
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('gives each upstream its turn, by weight', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const proxy = await proxying({
      pool: {
        upstreams: [
          { host: LOOPBACK, port: a.port, weight: 2 },
          { host: LOOPBACK, port: b.port },
        ],
      },
    });
    expect((await answering(proxy, 6)).join('')).to.equal('abaaba');
  });

  it('tries another upstream where one refuses, with all that the client has sent, and rests the one that fails', async () => {
    const alive = await named('alive');
    const proxy = await proxying({
      pool: {
        upstreams: [
          { host: LOOPBACK, port: await deadPort() },
          { host: LOOPBACK, port: alive.port },
        ],
        health: { failures: 2, restMs: 60_000 },
      },
    });
    const client = await through(proxy);
    // Sent and ended before the proxy has accepted it.
    client.end('hello');
    expect(`${Buffer.from(await readAll(client))}`).to.equal('alive:hello');
    expect(await answering(proxy, 6)).to.deep.equal(Array(6).fill('alive'));
    expect(proxy.snapshot().pools.default[0]).to.include({ state: 'resting', failed: 2 });
  });

  it('leaves backups alone until they are needed', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const upstreams = [
      { host: LOOPBACK, port: b.port, backup: true },
      { host: LOOPBACK, port: a.port },
    ];
    const proxy = await proxying({ pool: { upstreams, health: { failures: 1, restMs: 60_000 } } });
    expect(await answering(proxy, 3)).to.deep.equal(['a', 'a', 'a']);
    await a.close();
    expect(await answering(proxy, 3)).to.deep.equal(['b', 'b', 'b']);
  });

  it('comes back to an upstream that has rested, by one connection first', async () => {
    const a = await named('a');
    const { port } = a;
    const b = await named('b');
    const upstreams = [
      { host: LOOPBACK, port },
      { host: LOOPBACK, port: b.port, backup: true },
    ];
    const proxy = await proxying({ pool: { upstreams, health: { failures: 1, restMs: 1 } } });
    await a.close();
    expect(await ask(proxy)).to.equal('b:x');
    await listening({ host: LOOPBACK, port, onConnection: connection => connection.end('back') });
    await until(() => proxy.snapshot().pools.default[0].state === 'ready');
    expect(await ask(proxy)).to.equal('back');
    expect(proxy.snapshot().pools.default[0].state).to.equal('up');
  });

  it('tries another upstream where one gives no answer', async () => {
    const alive = await named('alive');
    const upstreams = [
      { host: LOOPBACK, port: await mutePort() },
      { host: LOOPBACK, port: alive.port },
    ];
    const proxy = await proxying({ pool: { upstreams, connectTimeoutMs: 50 } });
    expect(await ask(proxy)).to.equal('alive:x');
    expect(proxy.snapshot().pools.default[0].lastFailure).to.match(/ETIMEDOUT/);
  });

  it('resets a client for whom no upstream can be connected to, and says so', async () => {
    const records: SessionRecord[] = [];
    const proxy = await proxying({
      pool: { upstreams: [{ host: LOOPBACK, port: await deadPort() }] },
      onEnd: record => records.push(record),
    });
    const client = await through(proxy);
    expect((await rejection(client.read())).code).to.equal('ECONNRESET');
    expect(
      records.map(({ outcome, source, failure }) => [outcome, source, (failure as { code?: string }).code]),
    ).to.deep.equal([['unreachable', LOOPBACK, 'ECONNREFUSED']]);
  });

  it('spreads by source: one client address has one upstream', async () => {
    const all = await Promise.all(['a', 'b', 'c'].map(named));
    const upstreams = all.map(({ port }) => ({ host: LOOPBACK, port }));
    const proxy = await proxying({ pool: { upstreams, balance: 'source-hash' } });
    expect(new Set(await answering(proxy, 6)).size).to.equal(1);
  });

  it('gives each new client to the upstream with the fewest connections', async () => {
    const all = await Promise.all(['a', 'b'].map(named));
    const upstreams = all.map(({ port }) => ({ host: LOOPBACK, port }));
    const proxy = await proxying({ pool: { upstreams, balance: 'least-connections' } });
    for (let times = 0; times < 4; times++) {
      const client = await through(proxy);
      client.send('x');
      await client.read();
    }
    expect(proxy.snapshot().pools.default.map(({ active }) => active)).to.deep.equal([2, 2]);
  });

  it('gives an upstream no more connections than it may have', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const upstreams = [
      { host: LOOPBACK, port: a.port, maxConnections: 1 },
      { host: LOOPBACK, port: b.port, backup: true },
    ];
    const proxy = await proxying({ pool: { upstreams } });
    const client = await through(proxy);
    client.send('x');
    expect((await client.read())!.toString()).to.equal('a:x');
    expect(await ask(proxy)).to.equal('b:x');
  });

  it('counts an upstream that accepts and resets as failed, and passes the reset on', async () => {
    const upstream = await listening({ host: LOOPBACK, onConnection: connection => connection.reset() });
    const records: SessionRecord[] = [];
    const proxy = await proxying({
      pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] },
      onEnd: record => records.push(record),
    });
    expect((await rejection((await through(proxy)).read())).code).to.equal('ECONNRESET');
    await until(() => records.length === 1);
    expect(records[0].outcome).to.equal('upstream-broke');
    expect(proxy.snapshot().pools.default[0]).to.include({ failed: 1, active: 0 });
  });

  it('passes the reset of a client on', async () => {
    let broken: Error | undefined;
    const upstream = await listening({
      host: LOOPBACK,
      onConnection: connection => {
        connection.onData = () => {};
        connection.onClose = failure => (broken = failure);
      },
    });
    const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } });
    const client = await through(proxy);
    await client.write('x');
    await until(() => proxy.snapshot().bytes.toUpstreams === 1);
    client.reset();
    await until(() => broken !== undefined);
    expect(broken).to.have.property('code', 'ECONNRESET');
    await until(() => proxy.size === 0);
    expect(proxy.snapshot().outcomes['client-broke']).to.equal(1);
  });

  it('lets go of a client that leaves while an upstream is being connected to', async () => {
    const upstreams = [{ host: LOOPBACK, port: await mutePort() }];
    const proxy = await proxying({ pool: { upstreams, connectTimeoutMs: 1_000 } });
    const client = await through(proxy);
    await until(() => proxy.size === 1);
    client.reset();
    await until(() => proxy.size === 0);
    expect(proxy.snapshot().outcomes['client-broke']).to.equal(1);
  });

  for (const [what, timeouts] of [
    ['neither side says anything', { idleMs: 30 }],
    ['it lasts too long', { lifetimeMs: 30 }],
  ] as const) {
    it(`resets both ends when ${what}`, async () => {
      const upstream = await named('mute');
      const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] }, timeouts });
      const client = await through(proxy);
      expect((await rejection(client.read())).code).to.equal('ECONNRESET');
      expect(proxy.snapshot().outcomes['timed-out']).to.equal(1);
    });
  }

  it('resets both ends when one has ended and the other says nothing', async () => {
    const upstream = await listening({ host: LOOPBACK, onConnection: connection => (connection.onEnd = () => {}) });
    const proxy = await proxying({
      pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] },
      timeouts: { halfCloseMs: 30 },
    });
    const client = await through(proxy);
    client.end('x');
    expect((await rejection(client.read())).code).to.equal('ECONNRESET');
    expect(proxy.snapshot().outcomes['timed-out']).to.equal(1);
  });

  it('refuses whom the list of a listener refuses', async () => {
    const upstream = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: upstream.port }] };
    const rules = [{ allow: '127.0.0.2' }, { deny: '127.0.0.0/8' }];
    const proxy = await proxying({ listen: { host: LOOPBACK, access: { rules } }, pool });
    expect(await ask(proxy)).to.equal('');
    const client = await connected({ host: LOOPBACK, port: proxy.listeners[0].port, localAddress: '127.0.0.2' });
    client.send('x');
    expect((await client.read())!.toString()).to.equal('a:x');
    expect(proxy.snapshot().outcomes.refused).to.equal(1);
  });

  it('has no more clients of one address than it may, and more of another', async () => {
    const upstream = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: upstream.port }] };
    const proxy = await proxying({ pool, limits: { connectionsPerSource: 1 } });
    const first = await through(proxy);
    first.send('x');
    await first.read();
    expect(await ask(proxy)).to.equal('');
    const other = await connected({ host: LOOPBACK, port: proxy.listeners[0].port, localAddress: '127.0.0.2' });
    other.send('y');
    expect((await other.read())!.toString()).to.equal('a:y');
    await first.close();
    await until(() => proxy.size === 1);
    expect(await ask(proxy)).to.equal('a:x');
  });

  it('has clients wait while there are as many as there may be', async () => {
    const upstream = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: upstream.port }] };
    const proxy = await proxying({ pool, limits: { connections: 1 } });
    const first = await through(proxy);
    first.send('x');
    await first.read();
    const second = await through(proxy);
    second.send('y');
    const answer = second.read();
    await until(() => proxy.snapshot().listeners[0].isHeld);
    expect(proxy.size).to.equal(1);
    await first.close();
    expect((await answer)!.toString()).to.equal('a:y');
  });

  it('accepts no more a second than it may', async () => {
    const upstream = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: upstream.port }] };
    const proxy = await proxying({ listen: { host: LOOPBACK, acceptsPerSecond: 20 }, pool });
    const startMs = performance.now();
    await Promise.all(Array.from({ length: 7 }, () => ask(proxy)));
    // Two at once, and 20 a second from then on.
    expect(performance.now() - startMs).to.be.at.least(240);
    expect(proxy.snapshot().listeners[0].accepted).to.equal(7);
  });

  it('takes connections that were accepted elsewhere', async () => {
    const upstream = await named('a');
    const proxy = await proxying({
      listen: [],
      pools: { other: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } },
    });
    const front = await listening({ host: LOOPBACK, onConnection: client => proxy.take(client, 'other') });
    const client = await connect({ host: LOOPBACK, port: front.port });
    client.send('x');
    expect((await client.read())!.toString()).to.equal('a:x');
    await client.close();
    expect(() => proxy.take(client, 'none')).to.throw(TypeError, "pool: 'none'; allowed: other");
  });
});

describe('the end of a proxy', () => {
  leavesNothing();

  it('drains: idle clients are closed in order, busy ones finish, nobody new is let in', async () => {
    let upstreamOfBusy: Connection | undefined;
    const upstream = await listening({
      host: LOOPBACK,
      onConnection: connection => {
        connection.onData = chunk => {
          if (chunk.toString() === 'busy') upstreamOfBusy = connection;
          else connection.send(chunk);
        };
      },
    });
    const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } });
    const idle = await through(proxy);
    idle.send('x');
    await idle.read();
    const busy = await through(proxy);
    busy.send('busy');
    await until(() => upstreamOfBusy !== undefined);
    const ticks = setInterval(() => upstreamOfBusy!.send('.'), 5);
    // Many times what a busy machine keeps a tick waiting.
    const drained = proxy.drain({ idleMs: 1_000, deadlineMs: 60_000 });
    expect(await idle.read()).to.equal(null);
    const received = readAll(busy);
    await idle.close();
    clearInterval(ticks);
    upstreamOfBusy!.end('the end');
    expect(Buffer.from(await received).toString()).to.match(/\.the end$/);
    busy.end();
    expect(await drained).to.deep.equal({ closedIdle: 1, reset: 0 });
    expect((await rejection(through(proxy))).name).to.equal('IoError');
  });

  it('resets at the deadline whoever is left', async () => {
    const upstream = await named('a');
    const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } });
    const client = await through(proxy);
    client.send('x');
    await client.read();
    expect(await proxy.drain({ idleMs: 60_000, deadlineMs: 20 })).to.deep.equal({ closedIdle: 0, reset: 1 });
    expect((await rejection(client.read())).code).to.equal('ECONNRESET');
  });

  it('closes at once, also while upstreams are being connected to', async () => {
    const upstreams = [{ host: LOOPBACK, port: await mutePort() }];
    const proxy = await proxying({ pool: { upstreams, connectTimeoutMs: 1_000 } });
    const client = await through(proxy);
    await until(() => proxy.size === 1);
    await proxy.close();
    expect((await rejection(client.read())).code).to.equal('ECONNRESET');
    expect(proxy.snapshot()).to.deep.include({ open: 0 });
    expect(proxy.snapshot().outcomes.stopped).to.equal(1);
  });

  it('leaves no listener open where another can not be', async () => {
    const taken = await named('taken');
    const pool = { upstreams: [{ host: LOOPBACK, port: taken.port }] };
    const listen = [{ host: LOOPBACK }, { host: LOOPBACK, port: taken.port }];
    expect((await rejection(proxying({ listen, pool }))).code).to.equal('EADDRINUSE');
  });
});
