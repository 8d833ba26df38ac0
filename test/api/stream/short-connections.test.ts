/** What a short connection costs in system calls, counted by strace: each budget fails when a change adds a call. */
import { expect } from 'chai';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CONNECTIONS = 30;
const PROGRAM = fileURLToPath(new URL('../programs/short-connections.js', import.meta.url));
/** Waits are not among them: one serves many connections. */
const COUNTED =
  'accept,accept4,socket,setsockopt,getsockopt,connect,epoll_ctl,fcntl,recvfrom,recvmsg,sendto,sendmsg,sendfile,splice,' +
  'pread64,preadv2,openat,openat2,statx,shutdown,getpeername,getsockname,close';

type Kind = 'echo' | 'connect' | 'sendFile' | 'file' | 'join' | 'proxy';
const LOOPBACK = '127.0.0.1';

/** One after the other. What the kinds have in common: a message there and back, then FIN of both. */
async function exchange(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write('x');
  socket.once('data', () => socket.end());
  socket.resume();
  await once(socket, 'close');
}

/** One by which the system does not know that both ends are its own. */
function addressOfThisMachine(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap(each => each ?? []);
  return addresses.find(({ family, address, internal }) => family === 'IPv4' && !internal && address !== LOOPBACK)
    ?.address;
}

/** @returns calls a connection, by name; those of epoll_ctl by what they do. Rounded: some come once in a few connections. */
async function callsOf(kind: Kind, origin: AddressInfo, trace: string): Promise<Record<string, number>> {
  const child = spawn(
    'strace',
    [
      '-f',
      '-qq',
      '-o',
      trace,
      '-e',
      `trace=${COUNTED},access`,
      process.execPath,
      PROGRAM,
      kind,
      `${origin.port}`,
      `${CONNECTIONS}`,
      origin.address,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, POLLUX_BACKEND: 'epoll' } },
  );
  const ended = once(child, 'close');
  if (kind !== 'connect') {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    for (let made = 0; made < CONNECTIONS; made++) await exchange(Number(line));
    child.stdin.end();
  }
  expect(await ended).to.deep.equal([0, null]);
  const text = readFileSync(trace, 'latin1');
  const measured = text.slice(text.indexOf('/pollux-begin'), text.indexOf('/pollux-end'));
  const totals: Record<string, number> = {};
  for (const [, call, rest] of measured.matchAll(/^\d+ +(\w+)\((.*)$/gm)) {
    // strace tells of calls that it has no name for, whatever it was asked.
    if (!COUNTED.split(',').includes(call)) continue;
    const name = call === 'epoll_ctl' ? /EPOLL_CTL_\w+/.exec(rest)![0] : call;
    totals[name] = (totals[name] ?? 0) + 1;
  }
  const calls: Record<string, number> = {};
  for (const [name, total] of Object.entries(totals)) {
    const each = Math.round(total / CONNECTIONS);
    if (each > 0) calls[name] = each;
  }
  return calls;
}

describe('system calls of a short connection', () => {
  let directory: string;
  let origin: Server;

  before(async function () {
    if (spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status !== 0) {
      console.log('    skipped: strace is not installed, or may not trace here');
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'pollux-strace-'));
    origin = createServer(socket => socket.pipe(socket)).listen(0, '0.0.0.0');
    await once(origin, 'listening');
  });
  after(() => {
    origin?.close();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });

  const measure = (kind: Kind, address = LOOPBACK) =>
    callsOf(kind, { ...(origin.address() as AddressInfo), address }, join(directory, kind));

  it('accepted, an echo, closed: 6', async () => {
    const expected = { accept4: 1, EPOLL_CTL_ADD: 1, recvfrom: 2, sendto: 1, close: 1 };
    expect(await measure('echo')).to.deep.equal(expected);
  });

  it('connected, a message and its echo, closed: 10', async () => {
    const connecting = { socket: 1, setsockopt: 1, connect: 1, getsockopt: 1, EPOLL_CTL_ADD: 1 };
    expect(await measure('connect')).to.deep.equal({ ...connecting, sendto: 1, recvfrom: 2, shutdown: 1, close: 1 });
  });

  it('connected to another machine: one more, since the handshake is waited for', async function () {
    const address = addressOfThisMachine();
    if (address === undefined) {
      console.log('    skipped: this machine has no address beside its loopback');
      this.skip();
    }
    const connecting = { socket: 1, setsockopt: 1, connect: 1, getsockopt: 1, EPOLL_CTL_ADD: 1, EPOLL_CTL_MOD: 1 };
    const calls = await measure('connect', address);
    expect(calls).to.deep.equal({ ...connecting, sendto: 1, recvfrom: 2, shutdown: 1, close: 1 });
  });

  it('accepted, a part of an open file by sendfile, closed: 7', async () => {
    // None where the client's FIN comes before ours: the close sends it.
    const { shutdown = 0, ...calls } = await measure('sendFile');
    const sending = { statx: 1, sendfile: 1 };
    expect(calls).to.deep.equal({ accept4: 1, EPOLL_CTL_ADD: 1, recvfrom: 2, ...sending, close: 1 });
    expect(shutdown).to.be.at.most(1);
  });

  it('accepted, a small file opened, read, sent and closed, closed: 11, and one more where the loop goes round before the close', async () => {
    // statx: what it is, and if that is long ago, whether it has a name left: closing one without a name may wait for the disk.
    const { statx, ...calls } = await measure('file');
    const file = { openat2: 1, preadv2: 1, sendto: 1 };
    expect(calls).to.deep.equal({ accept4: 1, EPOLL_CTL_ADD: 1, recvfrom: 2, ...file, shutdown: 1, close: 2 });
    expect(statx).to.be.within(1, 2);
  });

  for (const [what, kind] of [
    ['proxied', 'join'],
    ['proxied by `createProxy`, with timeouts, health and counters', 'proxy'],
  ] as const) {
    it(`${what}: 16, and one more where the proxy rests between the two FINs`, async () => {
      const { EPOLL_CTL_MOD = 0, EPOLL_CTL_DEL = 0, ...calls } = await measure(kind);
      const accepting = { accept4: 1, socket: 1, setsockopt: 1, connect: 1, getsockopt: 1, EPOLL_CTL_ADD: 2 };
      expect(calls).to.deep.equal({ ...accepting, recvfrom: 4, sendto: 2, shutdown: 1, close: 2 });
      expect(EPOLL_CTL_MOD + EPOLL_CTL_DEL).to.be.at.most(1);
    });
  }
});
