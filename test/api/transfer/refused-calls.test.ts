import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { EACCES, EINVAL, ENOSYS, EPERM } from '../../../src/sys/ffi/errno.js';
import { compiled } from '../../support/compiled.js';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../programs/every-way.js', import.meta.url));

/** Numbers of x86-64 and of arm64. */
const CALLS: Record<string, readonly [x64: number, arm64: number]> = {
  preadv2: [327, 286],
  pwritev2: [328, 287],
  openat2: [437, 437],
  cachestat: [451, 451],
  copy_file_range: [326, 285],
  statx: [332, 291],
  sendfile: [40, 71],
  splice: [275, 76],
  accept4: [288, 242],
  epoll_pwait2: [441, 441],
  fallocate: [285, 47],
  setsockopt: [54, 208],
  getsockopt: [55, 209],
  getpeername: [52, 205],
  timerfd_create: [283, 85],
  timerfd_settime: [286, 86],
  sched_getaffinity: [204, 123],
  fdatasync: [75, 83],
  prlimit64: [302, 261],
  dup: [32, 23],
  waitid: [247, 95],
};

/**
 * Errnos with which Node itself can't be refused a call: without statx it finds no module, and without sched_getaffinity glibc
 * does not tell V8 where the stack of a worker is, and collecting garbage there crashes.
 */
const NEEDED_BY_NODE: Partial<Record<string, readonly string[]>> = {
  statx: ['EACCES'],
  sched_getaffinity: ['EPERM', 'EACCES', 'EINVAL'],
};

const ERRNOS = { EPERM, ENOSYS, EACCES, EINVAL };

describe('a sandbox', () => {
  let folder: string;
  let refuse: string;

  before(function () {
    const { program, reason } = process.platform === 'linux' ? compiled(resolve('test/support/refuse.c')) : {};
    const index = ['x64', 'arm64'].indexOf(process.arch);
    if (program === undefined || index < 0) {
      console.log(
        `      skipped: ${reason ?? 'seccomp(2) is a call of Linux, and numbers are known of x64 and arm64'}`,
      );
      return this.skip();
    }
    refuse = program;
  });
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'pollux-refused-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  async function works(errno: number, calls: readonly string[]): Promise<void> {
    const numbers = calls.map(name => CALLS[name][process.arch === 'x64' ? 0 : 1]);
    const args = [String(errno), numbers.join(','), process.execPath, PROGRAM, folder];
    const failure = await run(refuse, args, { timeout: 50_000 }).then(
      () => '',
      (error: { stderr: string; message: string }) => `${error.message}\n${error.stderr}`,
    );
    expect(failure).to.equal('');
  }

  for (const call of Object.keys(CALLS)) {
    const errno = call === 'sched_getaffinity' ? ENOSYS : EPERM;
    it(`may refuse ${call}: bytes go another way`, () => works(errno, [call]));
  }

  for (const [name, errno] of Object.entries(ERRNOS)) {
    const calls = Object.keys(CALLS).filter(call => errno === ENOSYS || !NEEDED_BY_NODE[call]?.includes(name));
    it(`may refuse all of them with ${name}`, () => works(errno, calls));
  }
});
