/**
 * The scenarios of area `syscalls` that were recorded on FreeBSD 14: what its kernel answered to the calls beside kqueue.
 * Pollux's use of those calls is held to the answers: the files by playing the steps on this kernel, in each way that Pollux
 * has, the numbers by loading the modules as FreeBSD would.
 */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { shippedTraces } from '../../src/verify/conformance/traces/shipped.js';
import { DiskPool } from '../../src/core/disk/pool.js';
import { openFolder } from '../../src/core/disk/open-file.js';
import { nativeOpenCalls, openBeneath, type OpenCalls } from '../../src/core/disk/resolve-beneath.js';
import type { CopyEnd } from '../../src/core/transfers/files/copy-calls.js';
import { FileToFile } from '../../src/core/transfers/files/file-to-file.js';
import { copy, open, type OpenFlags } from '../../src/index.js';
import { FD_CLOEXEC, F_GETFD, O_NONBLOCK, SHUT_WR, SO_REUSEPORT, SOCK_STREAM } from '../../src/sys/ffi/constants.js';
import { AF_INET, MSG_DONTWAIT, MSG_NOSIGNAL, SOL_SOCKET } from '../../src/sys/ffi/constants.js';
import { EAGAIN, EINPROGRESS, ENOSYS, EPIPE, errnoName, errnoNumber } from '../../src/sys/ffi/errno.js';
import { hasEventfd, openEventfd } from '../../src/sys/poll/eventfd.js';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } from '../../src/sys/file/file-constants.js';
import { fstatNow, type FileStat } from '../../src/sys/file/file-stat.js';
import { close, fcntl, pipe, read, statusFlags, write } from '../../src/sys/file/io.js';
import { errno } from '../../src/sys/ffi/libc.js';
import { NativeBlock } from '../../src/sys/ffi/memory.js';
import { platform } from '../../src/sys/ffi/platform.js';
import {
  accept,
  bind,
  connect,
  listen,
  localAddress,
  openSocket,
  send,
  setOption,
  shutdown,
  socketpair,
} from '../../src/sys/socket/socket.js';
import { moodyCalls } from './transfers/moody-calls.js';

/** A step of those scenarios. */
interface Step {
  readonly op: string;
  readonly path: string;
  readonly target: string;
  readonly size: number;
  readonly flags: readonly string[];
  readonly len: number;
  readonly in: string;
  readonly out: string;
  readonly returned: number;
  readonly errno: string | null;
}

const scenarios = new Map(
  shippedTraces()
    .filter(({ area }) => area === 'syscalls')
    .map(({ name, steps }) => [name, steps as unknown as readonly Step[]]),
);

function stepsOf(name: string): readonly Step[] {
  return scenarios.get(name)!;
}

/** Those below. */
const PLAYED = [
  'openat-resolve-beneath',
  'openat-beneath-create',
  'copy-file-range-errors',
  'copy-file-range-len-0',
  'accept4-flags',
  'pipe2-flags',
  'reuseport-lb',
  'reuseport-lb-missing',
  'so-nosigpipe',
  'eventfd-basic',
];
const NO_AIO = 'Pollux reads files on threads of its pool and asks for no aio';
const NOT_PLAYED: Record<string, string> = {
  'kqueue-cloexec':
    'the queue that kqueue(2) gives has no such flag, so Pollux sets it itself: nothing depends on the answer',
  'eventfd-semaphore': 'Pollux never asks for EFD_SEMAPHORE',
  'eventfd-clear': 'only the events of the queue differ from eventfd-basic, which a kernel without kqueue can not show',
  'aio-read-file': NO_AIO,
  'aio-read-eof': NO_AIO,
  'aio-read-socket': NO_AIO,
  'aio-cancel-socket': NO_AIO,
  'aio-level-until-return': NO_AIO,
  'aio-not-added-by-hand': NO_AIO,
  'aio-bad-kqueue': NO_AIO,
};

describe('recorded system calls of FreeBSD', () => {
  let directory: string;
  let fds: number[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-recorded-'));
    fds = [];
  });
  afterEach(() => {
    for (const fd of fds) close(fd);
    rmSync(directory, { recursive: true });
  });

  it('each is played here, or it is said why not', () => {
    expect([...PLAYED, ...Object.keys(NOT_PLAYED)].sort()).to.deep.equal([...scenarios.keys()].sort());
  });

  // openat

  /** Makes what the steps before the first openat make. */
  function prepare(steps: readonly Step[]): void {
    for (const { op, path, target, size } of steps) {
      const name = join(directory, path ?? '');
      if (op === 'mkdir') mkdirSync(name);
      else if (op === 'makeFile') writeFileSync(name, Buffer.alloc(size, 1));
      else if (op === 'symlink') symlinkSync(target, name);
    }
  }

  const NUMBERS: Record<string, number> = {
    RDONLY: O_RDONLY,
    RDWR: O_RDWR,
    CREAT: O_CREAT,
    EXCL: O_EXCL,
    NOFOLLOW: O_NOFOLLOW,
    RESOLVE_BENEATH: 0,
  };

  /** What Pollux says where FreeBSD says this: an escape is EXDEV on every system. */
  function oursOf(recorded: string | null): string | null {
    return recorded === 'ENOTCAPABLE' ? 'EXDEV' : recorded;
  }

  const lacking: OpenCalls['openat2'] = (_directory, _path, _flags, _mode, _resolve, done) =>
    setImmediate(() => done(-ENOSYS));
  const ways: Record<string, { calls: OpenCalls; differences: Record<string, string | null> }> = {
    // O_NOFOLLOW of a link is ELOOP on Linux, EMLINK on FreeBSD. Pollux never asks for it in a path of the user's.
    openat2: { calls: { ...nativeOpenCalls, beneathFlag: 0 }, differences: { l: 'ELOOP' } },
    // The walk has the flag in every call of its own, so it can't tell that somebody wants it: it follows, and stays inside.
    'the walk from part to part': {
      calls: { ...nativeOpenCalls, openat2: lacking, beneathFlag: 0 },
      differences: { l: null },
    },
  };

  for (const scenario of ['openat-resolve-beneath', 'openat-beneath-create']) {
    for (const [way, { calls, differences }] of Object.entries(ways)) {
      it(`${scenario}: by ${way}`, async function () {
        if (way === 'openat2' && platform !== 'linux') this.skip();
        const steps = stepsOf(scenario);
        prepare(steps);
        const pool = new DiskPool();
        const { fd: folder, place } = await openFolder(pool, join(directory, 'd'), undefined);
        fds.push(folder);
        const outside = readdirSync(directory);
        for (const { path, flags, errno: recorded } of steps.filter(({ op }) => op === 'openat')) {
          const bits = flags.reduce((sum, flag) => sum | NUMBERS[flag], 0);
          const result = await openBeneath(pool.on(place.device), folder, { path, flags: bits, mode: 0o600 }, calls);
          if (result >= 0) close(result);
          const expected = path in differences ? differences[path] : oursOf(recorded);
          expect(result < 0 ? errnoName(-result) : null, path).to.equal(expected);
        }
        expect(readdirSync(directory), 'made outside').to.deep.equal(outside);
      });
    }

    it(`${scenario}: by O_RESOLVE_BENEATH, whose answers are the recorded ones`, async () => {
      const FLAG = 0x00800000;
      for (const { path, errno: recorded } of stepsOf(scenario).filter(({ op }) => op === 'openat')) {
        const asked: number[] = [];
        // FreeBSD's number: here it is another's.
        const answer = recorded === 'ENOTCAPABLE' ? -93 : recorded === null ? 7 : -errnoNumber(recorded);
        const calls: OpenCalls = {
          ...nativeOpenCalls,
          openat2: lacking,
          beneathFlag: FLAG,
          openat: (_directory, _path, flags, _mode, done) => {
            asked.push(flags);
            setImmediate(() => done(answer));
          },
        };
        const result = await openBeneath(new DiskPool().on(1), 3, { path, flags: O_RDONLY, mode: 0 }, calls);
        expect(result < 0 ? errnoName(-result) : null, path).to.equal(oursOf(recorded));
        expect(asked, 'one call, which the kernel guards').to.deep.equal([O_RDONLY | FLAG]);
      }
    });

    it(`${scenario}: by open(path, { beneath })`, async () => {
      const differences: Record<string, string | null> = {
        // Only files are opened.
        '.': 'EISDIR',
        // Links are followed as long as they stay inside.
        l: null,
      };
      const steps = stepsOf(scenario);
      prepare(steps);
      const outside = readdirSync(directory);
      for (const { path, flags, errno: recorded } of steps.filter(({ op }) => op === 'openat')) {
        const mode: OpenFlags = flags.includes('EXCL') ? 'wx+' : flags.includes('CREAT') ? 'rw' : 'r';
        const code = await open(path, { beneath: join(directory, 'd'), flags: mode }).then(
          file => file.close().then(() => null),
          (error: Error & { code: string }) => error.code,
        );
        expect(code, path).to.equal(path in differences ? differences[path] : oursOf(recorded));
      }
      expect(readdirSync(directory), 'made outside').to.deep.equal(outside);
    });
  }

  // copy_file_range

  const CONTENT = Buffer.from(Array.from({ length: 100 }, (_, index) => index));

  function endOf(name: string, content: Uint8Array): CopyEnd {
    writeFileSync(join(directory, name), content);
    const fd = openSync(join(directory, name), 'r+');
    fds.push(fd);
    return { fd, offset: 0, name, stat: fstatNow(fd) as FileStat };
  }

  /** Copies with a kernel that answers so to the first question. @returns the engine, and what it failed with. */
  async function copyAnswered(answer: number, lengthBytes: number) {
    const [source, target] = [endOf('i', CONTENT), endOf('o', new Uint8Array())];
    const calls = moodyCalls({ copyRange: [{ answer }] });
    const plan = { copy: Promise.resolve({ source, target, isMadeUp: false, lengthBytes }), release: () => {} };
    const engine = new FileToFile(new DiskPool(), calls);
    const failure = await new Promise<(Error & { code?: string }) | undefined>(resolve => {
      engine.onSettled = resolve;
      engine.start(plan);
    });
    return { account: engine.account, failure, calls, copied: readFileSync(join(directory, 'o')) };
  }

  it('copy-file-range-errors: EBADF ends a copy before a byte, EINVAL has it go on by buffers', async () => {
    const answers = stepsOf('copy-file-range-errors').filter(({ op }) => op === 'copyFileRange');
    expect(answers.map(step => step.errno)).to.deep.equal(['EBADF', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL']);
    for (const { errno: recorded } of answers) {
      const { account, failure, copied } = await copyAnswered(-errnoNumber(recorded!), 100);
      expect(account.bytesIn - account.bytesOut).to.equal(account.residueBytes);
      if (recorded === 'EBADF') {
        expect(failure).to.include({ code: 'EBADF', syscall: 'copy_file_range' });
        expect([account.bytesIn, copied.length]).to.deep.equal([0, 0]);
      } else {
        expect(failure).to.equal(undefined);
        expect(account).to.include({ path: 'buffers', fallback: 'copy_file_range: EINVAL', bytesOut: 100 });
        expect(copied).to.deep.equal(CONTENT);
      }
    }
  });

  it('copy-file-range-errors: what makes the kernel refuse, copy refuses before, and says why', async () => {
    for (const name of ['i', 'o']) writeFileSync(join(directory, name), CONTENT);
    await using source = await open(join(directory, 'i'), { flags: 'r+' });
    await using readOnly = await open(join(directory, 'o'));
    const refused = (attempt: PromiseLike<unknown>) =>
      attempt.then(
        () => undefined,
        (error: Error) => error,
      );
    expect(await refused(copy(source, readOnly))).to.include({ code: 'EBADF' });
    const overlapping = await refused(copy(source, source, { to: 5, length: 10 }));
    expect(overlapping).to.be.instanceOf(RangeError);
    // A socket is a Connection and no File, and has its own ways; flags are never given.
    expect(readFileSync(join(directory, 'o'))).to.deep.equal(CONTENT);
  });

  it('copy-file-range-len-0: 0 for a length of 0, which is never asked for; else 0 has a read tell', async () => {
    const [step] = stepsOf('copy-file-range-len-0').filter(({ op }) => op === 'copyFileRange');
    expect([step.len, step.returned, step.errno]).to.deep.equal([0, 0, null]);
    const nothing = await copyAnswered(step.returned, 0);
    expect(nothing.failure).to.equal(undefined);
    expect(nothing.calls.made).to.deep.equal([]);
    expect(nothing.account).to.include({ path: 'none', bytesOut: 0 });
    const all = await copyAnswered(step.returned, 100);
    expect(all.account).to.include({ path: 'buffers', fallback: 'copy_file_range: nothing came', bytesOut: 100 });
    expect(all.copied).to.deep.equal(CONTENT);
  });

  // Sockets and pipes

  function flagsOf(fd: number): { isNonBlocking: boolean; isClosedOnExec: boolean } {
    return {
      isNonBlocking: (statusFlags(fd) & O_NONBLOCK) !== 0,
      isClosedOnExec: (fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) !== 0,
    };
  }

  const BOTH = { isNonBlocking: true, isClosedOnExec: true };
  const LOOPBACK = { family: 'ipv4', address: '127.0.0.1' } as const;

  function listener(canShare: boolean, port = 0): number {
    const fd = openSocket(AF_INET, SOCK_STREAM);
    fds.push(fd);
    if (canShare) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    bind(fd, { ...LOOPBACK, port });
    listen(fd, 128);
    return fd;
  }

  function connectTo(listening: number): void {
    const fd = openSocket(AF_INET, SOCK_STREAM);
    fds.push(fd);
    expect(connect(fd, localAddress(listening))).to.be.oneOf([0, EINPROGRESS]);
  }

  /** Accepts until the kernel says that there are none. */
  function acceptAll(listening: number): number {
    for (let accepted = 0; ; accepted++) {
      const fd = accept(listening);
      if (fd < 0) {
        expect(errno()).to.equal(EAGAIN);
        return accepted;
      }
      fds.push(fd);
    }
  }

  it('accept4-flags: what is accepted is non-blocking and closed on exec, and then it is EAGAIN', async () => {
    const listening = listener(false);
    connectTo(listening);
    let accepted = accept(listening);
    for (; accepted < 0; accepted = accept(listening)) await new Promise(setImmediate);
    fds.push(accepted);
    expect(flagsOf(accepted)).to.deep.equal(BOTH);
    expect([accept(listening), errno()]).to.deep.equal([-1, EAGAIN]);
  });

  it('pipe2-flags: both ends are non-blocking and closed on exec, and an empty pipe says EAGAIN', () => {
    fds.push(...pipe());
    expect(fds.map(flagsOf)).to.deep.equal([BOTH, BOTH]);
    expect([read(fds[0], new NativeBlock(8).address, 1), errno()]).to.deep.equal([-1, EAGAIN]);
  });

  it('so-nosigpipe: a send after the end is EPIPE and no signal', () => {
    fds.push(...socketpair());
    shutdown(fds[0], SHUT_WR);
    const { address } = new NativeBlock(8);
    // A signal would end the process.
    expect([send(fds[0], address, 1, MSG_DONTWAIT | MSG_NOSIGNAL), errno()]).to.deep.equal([-1, EPIPE]);
  });

  it('reuseport-lb: two listeners of one port get a share of 100 connections each', async function () {
    if (platform === 'darwin' || platform === 'openbsd') this.skip();
    const first = listener(true);
    const second = listener(true, (localAddress(first) as { port: number }).port);
    const shares = [0, 0];
    for (let count = 0; count < 100; count++) connectTo(first);
    while (shares[0] + shares[1] < 100) {
      shares[0] += acceptAll(first);
      shares[1] += acceptAll(second);
      await new Promise(setImmediate);
    }
    for (const share of shares) expect(share).to.be.within(1, 99);
  });

  it('reuseport-lb-missing: a second listener that does not say so is refused', () => {
    const { port } = localAddress(listener(true)) as { port: number };
    expect(() => listener(false, port))
      .to.throw()
      .with.property('code', 'EADDRINUSE');
  });

  it('eventfd-basic: a read takes all that was written, and then it is EAGAIN', function () {
    if (!hasEventfd) this.skip();
    const fd = openEventfd();
    fds.push(fd);
    const word = new NativeBlock(8);
    for (const value of [3, 4]) {
      word.u32[0] = value;
      expect(write(fd, word.address, 8)).to.equal(8);
    }
    expect([read(fd, word.address, 8), word.u32[0]]).to.deep.equal([8, 7]);
    expect([read(fd, word.address, 8), errno()]).to.deep.equal([-1, EAGAIN]);
  });

  // Numbers

  /** What a program prints that has the `exports` of a module of src/sys, where it takes itself for one on FreeBSD 14. */
  function onFreebsd(module: string, program: string): unknown {
    const url = pathToFileURL(join('dist', 'src', 'sys', module)).href;
    const whole = `
      // Its library is this machine's.
      import 'koffi';
      import os from 'node:os';
      Object.defineProperty(process, 'platform', { value: 'freebsd' });
      os.release = () => '14.0-CURRENT';
      const exports = await import('${url}');
      ${program}
    `;
    return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', whole], { encoding: 'utf8' }));
  }

  function exportsOnFreebsd(module: string): Record<string, unknown> {
    return onFreebsd(module, 'console.log(JSON.stringify(exports))') as Record<string, unknown>;
  }

  it("the address of a Unix socket without a name is 14 NULs there, and says ''", () => {
    const decoded = onFreebsd(
      'socket/sockaddr.js',
      `const block = new exports.SockaddrBlock();
       const texts = [[], [...Buffer.from('/x'), 0]].map(name => {
         const { storage } = block;
         storage.bytes.fill(0);
         storage.bytes.set([16, 1, ...name]);
         block.lengthBytes = 16;
         return block.decode();
       });
       console.log(JSON.stringify(texts));`,
    );
    expect(decoded).to.deep.equal([
      { family: 'unix', path: '' },
      { family: 'unix', path: '/x' },
    ]);
  });

  type Header = Record<string, { value: number | null }>;

  it('the numbers that Pollux gives FreeBSD are those of its headers', () => {
    const file = readFileSync(join('test', 'fixtures', 'kqueue', 'freebsd-constants.json'), 'utf8');
    const recorded = JSON.parse(file) as Record<'O' | 'SO' | 'other', Header>;
    const header: Header = { ...recorded.O, ...recorded.SO, ...recorded.other };
    // Named after what it is for: on FreeBSD only this option spreads connections.
    header.SO_REUSEPORT = header.SO_REUSEPORT_LB;
    const constants = exportsOnFreebsd('ffi/constants.js');
    const { O_RESOLVE_BENEATH, AT_FDCWD } = exportsOnFreebsd('file/file-constants.js');
    const ours = Object.entries({ ...constants, O_RESOLVE_BENEATH, AT_FDCWD }).filter(([name]) => name in header);
    const names = ours.map(([name]) => name);
    expect(names).to.include.members(['SOCK_NONBLOCK', 'SOCK_CLOEXEC', 'O_NONBLOCK', 'O_CLOEXEC', 'SO_NOSIGPIPE']);
    expect(names).to.include.members(['SO_REUSEPORT', 'O_RESOLVE_BENEATH', 'AF_INET6', 'MSG_NOSIGNAL', 'SOL_SOCKET']);
    for (const [name, value] of ours) expect(value, name).to.equal(header[name].value);
    // src/sys/poll/eventfd.ts has these two as numbers, since Linux's are those of open(2).
    expect([header.EFD_NONBLOCK.value, header.EFD_CLOEXEC.value]).to.deep.equal([0x4, 0x100000]);
  });
});
