/** Regression 24: what happens to each kind of descriptor. Whatever the kernel thinks of it, it is refused or reported, never deaf. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERROR, READABLE, WRITABLE, type DescriptorKind, type Interest } from '../../backends/contract.js';
import { EPOLL_CTL_ADD, EPOLLIN, EpollEventArray, epollCtl, openEpoll } from '../../sys/epoll.js';
import { drain, writeSome } from '../descriptors.js';
import { expectEqual, expectIoError } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

/** A directory that goes away with everything in it. */
function directory(t: Trial): string {
  const path = mkdtempSync(join(tmpdir(), 'pollux-conformance-'));
  t.afterwards(() => rmSync(path, { recursive: true }));
  return path;
}

function openPath(t: Trial, path: string, flags: number): number {
  const fd = openSync(path, flags);
  t.afterwards(() => closeSync(fd));
  return fd;
}

function kindRows(kind: DescriptorKind, what: string, interest: Interest, open: (t: Trial) => number): readonly Row[] {
  return [
    {
      name: `regression 24: ${what} is refused with EPERM`,
      why: "The kernel can't wait for it; whoever registers it has to choose another way at once.",
      needs: { refuses: kind },
      run(t) {
        const fd = open(t);
        expectIoError('EPERM', `register of ${what}`, () => t.backend.register(fd, interest, 'persistent', 'level'));
        expectIoError('EPERM', 'and once more, since nothing of it was kept', () =>
          t.backend.register(fd, interest, 'persistent', 'level'),
        );
      },
    },
    {
      name: `regression 24: ${what} is ready at once where it is not refused`,
      why: 'Neither refused nor reported would be deaf.',
      run(t) {
        if (t.backend.traits.refuses.includes(kind)) t.skip(`${t.backend.name} refuses descriptors of kind '${kind}'`);
        const token = t.register(open(t), interest);
        t.waitFor(token, interest);
      },
    },
  ];
}

export const kindsRows: readonly Row[] = [
  ...kindRows('file', 'a regular file', READABLE, t => {
    const path = join(directory(t), 'file');
    writeFileSync(path, 'some bytes');
    return openPath(t, path, constants.O_RDONLY);
  }),
  ...kindRows('directory', 'a directory', READABLE, t => openPath(t, directory(t), constants.O_RDONLY)),
  {
    name: 'regression 24: /dev/null is refused with EPERM or ready at once',
    why: 'A program whose output is redirected there must not hang.',
    run(t) {
      refusedOrReady(t, openPath(t, '/dev/null', constants.O_WRONLY), WRITABLE);
    },
  },
  {
    name: 'regression 24: a terminal is refused with EPERM or ready to write at once',
    why: 'Standard output is one, most of the time.',
    run(t) {
      const path = '/dev/ptmx';
      if (!existsSync(path)) t.skip(`no ${path} here`);
      refusedOrReady(t, openPath(t, path, constants.O_RDWR | constants.O_NOCTTY), WRITABLE);
    },
  },
  {
    name: 'regression 24: a FIFO is reported like a pipe',
    why: "Programs that are told a path can't know that it is one.",
    run(t) {
      const path = join(directory(t), 'fifo');
      if (spawnSync('mkfifo', [path]).status !== 0) t.skip('no mkfifo(1) here');
      const reader = openPath(t, path, constants.O_RDONLY | constants.O_NONBLOCK);
      const writer = openPath(t, path, constants.O_WRONLY | constants.O_NONBLOCK);
      const token = t.register(reader, READABLE);
      t.expectQuiet('an empty FIFO with a writer');
      writeSome(writer);
      t.waitFor(token, READABLE);
      expectEqual(drain(reader), 1, 'bytes read');
      t.expectQuiet('once drained');
    },
  },
  {
    name: 'regression 24: an epoll descriptor is readable while something in it is ready',
    why: "It is how one loop lives inside another; Pollux watches libuv's so.",
    needs: { platforms: ['linux'] },
    run(t) {
      const nested = t.own(openEpoll());
      const [reader, writer] = t.pipe();
      const change = new EpollEventArray(1);
      change.set(0, EPOLLIN, 0, 0);
      expectEqual(epollCtl(nested, EPOLL_CTL_ADD, reader, change.address), 0, 'epoll_ctl(2)');
      const token = t.register(nested, READABLE);
      t.expectQuiet('nothing ready in it');
      writeSome(writer);
      t.waitFor(token, READABLE);
      drain(reader);
      t.expectQuiet('nothing ready in it any more');
    },
  },
];

/** Registers what kernels differ about. */
function refusedOrReady(t: Trial, fd: number, interest: Interest): void {
  let token: number;
  try {
    token = t.register(fd, interest);
  } catch (error) {
    const { code } = error as { code?: string };
    expectEqual(code, 'EPERM', 'the error of register');
    return;
  }
  // A backend that learns of the refusal with its next wait reports it there.
  t.waitFor(token, interest | ERROR);
}
