import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  bindDatagram,
  currentReactor,
  inheritedSockets,
  listen,
  listenInherited,
  open,
  watch,
  type Connection,
  type ListenOptions,
  type Listener,
} from '../../../src/index.js';
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../../src/sys/ffi/constants.js';
import { close, dup } from '../../../src/sys/file/io.js';
import { bind, listen as listenOn, localAddress, openSocket, socketpair } from '../../../src/sys/socket/socket.js';
import type { Address, InternetAddress } from '../../../src/sys/socket/sockaddr.js';
import { bound, texts, until } from '../../support/datagrams.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { failureOf } from '../../support/failures.js';
import { atEnd, connected, destroyTracked, listening, readAll } from '../../support/sockets.js';

const ANY_PORT: Address = { family: 'ipv4', address: '127.0.0.1', port: 0 };

/** A socket that listens, as another program would have opened it. */
function opened(address: Address = ANY_PORT): number {
  const fd = openSocket(address.family === 'unix' ? AF_UNIX : AF_INET, SOCK_STREAM);
  bind(fd, address);
  listenOn(fd, 16);
  return fd;
}

describeOnEveryDriver('listen({ fd })', () => {
  it('serves a socket that was opened elsewhere, with who waited in the backlog', async () => {
    const fd = opened();
    const early = await connected({ ...portOf(fd) });
    const listener = await listening({ fd, onConnection: connection => connection.end('hello') });
    expect(listener.address).to.deep.equal(localAddress(fd));
    expect(await textOf(early)).to.equal('hello');
    const late = await connected({ ...portOf(fd) });
    expect(await textOf(late)).to.equal('hello');
  });

  it('leaves the file of a Unix socket to whoever made it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-given-'));
    atEnd(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'socket');
    const listener = await listening({ fd: opened({ family: 'unix', path }) });
    expect(listener.address).to.deep.equal({ family: 'unix', path });
    await listener.close();
    expect(existsSync(path)).to.equal(true);
  });

  for (const family of ['ipv4', 'unix'] as const) {
    it(`drained, it leaves the socket to others that have it (${family})`, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'pollux-given-'));
      atEnd(() => rmSync(directory, { recursive: true, force: true }));
      const fd = opened(family === 'unix' ? { family, path: join(directory, 'socket') } : ANY_PORT);
      const others = dup(fd);
      const target = localAddress(fd);
      const served: string[] = [];
      const first = await listening({ fd, onConnection: connection => connection.end(String(served.push('first'))) });
      await first.drain();
      const waiting = await connected(target.family === 'unix' ? { path: target.path } : portOf(others));
      const second = await listening({ fd: others, onConnection: connection => connection.end('second') });
      expect(await textOf(waiting)).to.equal('second');
      await second.close();
    });
  }

  const refused: [string, () => number, string][] = [
    ['a socket that does not listen', () => openSocket(AF_INET, SOCK_STREAM), 'does not listen: adopt(fd) takes such'],
    ['a socket for datagrams', () => openSocket(AF_INET, SOCK_DGRAM), 'bindDatagram({ fd }) takes such'],
  ];
  for (const [what, open, message] of refused) {
    it(`refuses ${what}, which stays the caller's`, async () => {
      const fd = open();
      const failure = await failureOf(listen({ fd }));
      expect(failure).to.include({ code: 'EINVAL', syscall: 'listen' });
      expect(failure.message).to.include(message).and.include('allowed: stream sockets that listen');
      close(fd);
    });
  }

  it('refuses files, numbers that are no descriptors, and those that are watched', async () => {
    const file = await open(fileURLToPath(import.meta.url));
    expect((await failureOf(listen({ fd: file.fd }))).message).to.include('neither a stream socket');
    await file.close();
    expect(await failureOf(listen({ fd: 1_000_000 }))).to.include({ code: 'EBADF' });
    expect(await failureOf(listen({ fd: -1 })))
      .to.be.instanceOf(RangeError)
      .and.have.property('message')
      .that.includes('fd: -1');
    const fd = opened();
    const watching = watch(fd, { readable: true }, () => {});
    expect(await failureOf(listen({ fd }))).to.include({ code: 'EEXIST' });
    watching.close();
    close(fd);
  });

  it('refuses what says where to listen beside it', async () => {
    const given: ListenOptions[] = [
      { port: 1 },
      { host: '::1' },
      { path: '/x' },
      { backlog: 1 },
      { reusePort: 'off' },
      { mode: 0 },
    ];
    for (const beside of given) {
      const failure = await failureOf(listen({ fd: 0, ...beside }));
      expect(failure).to.be.instanceOf(TypeError);
      expect(failure.message).to.equal(`fd: given beside ${Object.keys(beside)[0]}; allowed: one of the two`);
    }
  });

  it('bindDatagram({ fd }) takes a socket for datagrams, and nothing else', async () => {
    const fd = openSocket(AF_INET, SOCK_DGRAM);
    bind(fd, ANY_PORT);
    const socket = await bindDatagram({ fd });
    atEnd(() => socket.destroy());
    const other = await bound();
    const received = texts(socket);
    other.trySend('hello', socket.address);
    await until(() => received.length > 0);
    expect(received).to.deep.equal(['hello']);
    const listener = opened();
    expect((await failureOf(bindDatagram({ fd: listener }))).message).to.include('listen({ fd }) takes such');
    expect((await failureOf(bindDatagram({ fd: listener, port: 1 }))).message).to.include('fd: given beside port');
    close(listener);
  });
});

describe('sockets that a service manager passes', () => {
  const program = fileURLToPath(new URL('../programs/activated.js', import.meta.url));
  let child: ChildProcess | undefined;
  let lines: AsyncIterator<string>;

  /** As systemd does: descriptors from 3 on, and the environment of the process itself. */
  function activate(descriptors: (number | 'pipe' | 'ignore')[], environment: NodeJS.ProcessEnv, pid = '$$'): void {
    child = spawn('/bin/sh', ['-c', `LISTEN_PID=${pid} exec "$0" "$1"`, process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit', ...descriptors],
      env: { ...process.env, ...environment },
    });
    lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  const told = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;

  afterEach(async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill();
      await once(child, 'exit');
    }
    destroyTracked();
    currentReactor().close();
  });

  it('are listed by name and kind, served, and gone from the environment', async () => {
    const [http, unnamed, datagrams] = [opened(), opened(), openSocket(AF_INET, SOCK_DGRAM)];
    bind(datagrams, ANY_PORT);
    const [first, second] = [portOf(http), portOf(unnamed)];
    // It waits in the backlog for a program that does not run yet.
    const early = await connected(first);
    activate([http, unnamed, datagrams], { LISTEN_FDS: '3', LISTEN_FDNAMES: 'http::clock' });
    const { passed, environment, http: ofName, others, left } = await told();
    expect(passed).to.deep.equal([
      { fd: 3, name: 'http', kind: 'listener' },
      { fd: 4, name: '', kind: 'listener' },
      { fd: 5, name: 'clock', kind: 'datagram' },
    ]);
    expect({ environment, ofName, others, left }).to.deep.equal({ environment: [], ofName: 1, others: 1, left: 1 });
    expect(await textOf(early)).to.equal('http');
    expect(await textOf(await connected(second))).to.equal('other');
    const asker = await bound();
    const answers = texts(asker);
    asker.trySend('x', localAddress(datagrams));
    await until(() => answers.length > 0);
    expect(answers).to.deep.equal(['echo x']);
    // The program stops serving one; the manager still has the socket, and the next program serves who comes meanwhile.
    child!.stdin!.write('drain\n');
    expect((await lines.next()).value).to.equal('drained');
    const waiting = await connected(first);
    const here = await listening({ fd: http, onConnection: connection => connection.end('next') });
    expect(await textOf(waiting)).to.equal('next');
    await here.close();
    await asker.close();
    for (const fd of [unnamed, datagrams]) close(fd);
  });

  it('of another process are not taken, and the environment is cleared all the same', async () => {
    const [end, other] = socketpair();
    activate([end], { LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' }, '1');
    expect(await told()).to.deep.equal({ passed: [], environment: [], http: 0, others: 0, left: 0 });
    close(end);
    close(other);
  });

  it('that were not passed are none here, and a worker thread is told to ask the main thread', async () => {
    expect(inheritedSockets()).to.deep.equal([]);
    const none: Listener[] = await listenInherited({ name: 'http' });
    expect(none).to.deep.equal([]);
    const door = new URL('../../../src/index.js', import.meta.url).href;
    const source = `import(${JSON.stringify(door)}).then(({ listenInherited }) => listenInherited())
      .catch(error => require('node:worker_threads').parentPort.postMessage(error.code))`;
    const worker = new Worker(source, { eval: true });
    const ended = once(worker, 'exit');
    const [code] = (await once(worker, 'message')) as [string];
    await ended;
    expect(code).to.equal('ENOTSUP');
  });

  it('with wrong options none is taken', async () => {
    expect((await failureOf(listenInherited({ port: 80 } as object))).message).to.include("'port' is no option");
    expect(await failureOf(listenInherited({ maxConnections: 0 }))).to.be.instanceOf(RangeError);
  });
});

async function textOf(connection: Connection): Promise<string> {
  return Buffer.from(await readAll(connection)).toString();
}

function portOf(fd: number): { host: string; port: number } {
  const { address, port } = localAddress(fd) as InternetAddress;
  return { host: address, port };
}
