/** The proxy between real programs, and under clients and upstreams that leave at any time: nothing is lost, and nothing left over. */
import { expect } from 'chai';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { connect, currentReactor, listen, type Connection, type Listener } from '../../src/index.js';
import { createProxy, type ProxyServer } from '../../src/servers.js';
import { Random } from '../../src/base/random.js';
import { openDescriptors } from '../support/descriptors.js';

const LOOPBACK = '127.0.0.1';

function isInstalled(...programs: string[]): boolean {
  return programs.every(program => spawnSync(program, ['--version']).status === 0);
}

/** A server of PostgreSQL does not run as root: the user that its package makes, or who runs this. */
function postgresUser(): { uid?: number; gid?: number } | undefined {
  if (process.getuid!() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map(flag => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout));
  return uid > 0 ? { uid, gid } : undefined;
}

async function freePort(): Promise<number> {
  const listener = await listen({ host: LOOPBACK });
  await listener.close();
  return listener.port;
}

/** Runs a program to its end. @returns what it said. @throws Error with that, if it failed. */
async function run(program: string, args: string[], options: { uid?: number; gid?: number } = {}): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += String(chunk)));
  const [status] = (await once(child, 'close')) as [number];
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${said}`);
  return said;
}

async function answersAt(port: number): Promise<void> {
  for (;;) {
    try {
      (await connect({ host: LOOPBACK, port })).destroy();
      return;
    } catch {
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
}

describe('the proxy between real programs', () => {
  let directory: string;
  let proxy: ProxyServer | undefined;
  const children: ChildProcess[] = [];

  const proxying = async (...ports: number[]): Promise<number> => {
    const upstreams = ports.map(port => ({ host: LOOPBACK, port }));
    const pool = { upstreams, balance: 'least-connections', health: { check: { intervalMs: 100 } } } as const;
    proxy = await createProxy({ listen: { host: LOOPBACK }, pool });
    return proxy.listeners[0].port;
  };

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-programs-'))));
  afterEach(async () => {
    await proxy?.close();
    for (const child of children.splice(0)) {
      const ended = once(child, 'close');
      child.kill('SIGINT');
      await ended;
    }
    rmSync(directory, { recursive: true });
  });
  after(() => currentReactor().close());

  it('carries redis-benchmark to two servers', async function () {
    if (!isInstalled('redis-server', 'redis-benchmark')) {
      console.log('    skipped: Redis is not installed');
      this.skip();
    }
    const ports = [await freePort(), await freePort()];
    for (const port of ports) {
      children.push(spawn('redis-server', ['--port', `${port}`, '--bind', LOOPBACK, '--save', '', '--dir', directory]));
      await answersAt(port);
    }
    const port = await proxying(...ports);
    const said = await run('redis-benchmark', [
      '-p',
      `${port}`,
      '-n',
      '20000',
      '-c',
      '40',
      '-t',
      'set,get',
      '-q',
      '-d',
      '3000',
    ]);
    expect(said)
      .to.match(/SET: .*requests per second/)
      .and.match(/GET: .*requests per second/);
    const { outcomes, pools } = proxy!.snapshot();
    expect([outcomes.unreachable, outcomes['upstream-broke']]).to.deep.equal([0, 0]);
    for (const { connected } of pools.default) expect(connected).to.be.above(10);
  });

  it('carries pgbench to PostgreSQL', async function () {
    const user = postgresUser();
    if (!isInstalled('initdb', 'postgres', 'pgbench') || user === undefined) {
      console.log('    skipped: PostgreSQL is not installed, or has no user to run as');
      this.skip();
    }
    if (user.uid !== undefined) chownSync(directory, user.uid, user.gid!);
    const store = join(directory, 'store');
    await run('initdb', ['-D', store, '-A', 'trust', '-U', 'pollux', '--no-sync'], user);
    const origin = await freePort();
    const settings = ['-p', `${origin}`, '-h', LOOPBACK, '-k', directory, '-c', 'fsync=off'];
    children.push(spawn('postgres', ['-D', store, ...settings], { ...user, stdio: 'ignore' }));
    await answersAt(origin);
    const port = await proxying(origin);
    const login = ['-h', LOOPBACK, '-p', `${port}`, '-U', 'pollux', 'postgres'];
    await run('pgbench', ['-i', '-s', '1', ...login]);
    const said = await run('pgbench', ['-c', '8', '-j', '2', '-t', '200', ...login]);
    expect(said).to.match(/number of transactions actually processed: 1600\/1600/);
    // With a connection for each transaction.
    expect(await run('pgbench', ['-C', '-c', '4', '-t', '25', '-S', ...login])).to.match(/processed: 100\/100/);
    expect(proxy!.snapshot().outcomes['upstream-broke']).to.equal(0);
  });
});

describe('the proxy under clients and upstreams that leave at any time', () => {
  after(() => currentReactor().close());

  it('leaves no client, descriptor or lease behind', async () => {
    const random = new Random(14);
    const { slab } = currentReactor();
    // The thread's own receive buffer, which it has from the first bytes on.
    const ownLeases = 1;
    const descriptors = openDescriptors().length;
    const serve = (connection: Connection) => {
      connection.onData = chunk => {
        const fate = random.below(12);
        if (fate === 0) connection.reset();
        else if (fate === 1) connection.close().catch(() => {});
        else if (connection.queuedBytes < 1_000_000) connection.send(Buffer.alloc(1 + random.below(300_000)));
        else chunk.release();
      };
      connection.onClose = () => {};
    };
    const upstreams: Listener[] = [];
    for (let index = 0; index < 3; index++) upstreams.push(await listen({ host: LOOPBACK, onConnection: serve }));
    const proxy = await createProxy({
      listen: [
        { host: LOOPBACK },
        { host: LOOPBACK, trustedProxies: LOOPBACK, routes: [{ protocols: 'h2', pool: 'all' }], pool: 'all' },
      ],
      pools: {
        all: {
          upstreams: upstreams.map(({ port }) => ({ host: LOOPBACK, port })),
          balance: 'random-two',
          health: { restMs: 5, failures: 1, check: { intervalMs: 20 } },
        },
      },
      pool: { upstreams: upstreams.map(({ port }) => ({ host: LOOPBACK, port })), health: { restMs: 5 } },
      limits: { classes: { some: { bytesPerSecond: 1e9 } }, connections: 200 },
      timeouts: { idleMs: 500, halfCloseMs: 200, headMs: 200 },
    });
    const one = async (index: number): Promise<void> => {
      const client = await connect({ host: LOOPBACK, port: proxy.listeners[index % 2].port });
      client.onClose = () => {};
      if (index % 2 === 1) {
        const header = 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n';
        client.send(random.below(5) === 0 ? 'nonsense\r\n' : header.slice(0, random.below(5) === 0 ? 20 : undefined));
      }
      for (let step = 0; step < 6 && !client.isClosed; step++) {
        const what = random.below(8);
        if (what === 0) client.reset();
        else if (what === 1) client.end();
        else client.send(Buffer.alloc(1 + random.below(100_000)));
        if (what === 1) break;
        await client.read({ signal: AbortSignal.timeout(30) }).then(
          chunk => chunk?.release(),
          () => {},
        );
      }
      client.destroy();
    };
    let next = 0;
    const loop = async () => {
      while (next < 3_000) await one(next++).catch(() => {});
    };
    await Promise.all(Array.from({ length: 60 }, loop));
    // Upstreams go while clients are there.
    const last = Promise.all(Array.from({ length: 20 }, (_, index) => one(index).catch(() => {})));
    await Promise.all(upstreams.map(upstream => upstream.close()));
    await last;
    await proxy.drain({ deadlineMs: 500, idleMs: 50 });
    expect(proxy.size).to.equal(0);
    const { listeners, outcomes } = proxy.snapshot();
    const ended = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
    expect(ended).to.equal(listeners.reduce((sum, { accepted }) => sum + accepted, 0));
    for (const { active } of Object.values(proxy.snapshot().pools).flat()) expect(active).to.equal(0);
    while (openDescriptors().length > descriptors || slab.leasedChunks > ownLeases) {
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  });
});
