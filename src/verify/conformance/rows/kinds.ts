/**
 * Regression 24: what happens to each kind of descriptor. Whatever the kernel thinks of it, it is refused or
 * reported, never deaf.
 */
import { ERROR, READABLE, WRITABLE, type DescriptorKind, type Interest } from '../../../backends/contract.js';
import { EPOLL_CTL_ADD, EPOLLIN, EpollEventArray, epollCtl, openEpoll } from '../../../sys/poll/epoll.js';
import { expectEqual, expectIoError, expectNoBits } from '../expectation.js';
import { EBADF } from '../../../sys/ffi/errno.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

function kindRows(kind: DescriptorKind, what: string, interest: Interest, open: (t: Trial) => number): readonly Row[] {
  return [
    {
      name: `regression 24: ${what} is refused with EPERM`,
      why: "The kernel can't wait for it; whoever registers it has to choose another way at once.",
      needs: { refuses: kind },
      run(t) {
        const fd = open(t);
        expectIoError('EPERM', `register of ${what}`, () => t.backend.register(fd, interest, 'level'));
        expectIoError('EPERM', 'and once more, since nothing of it was kept', () =>
          t.backend.register(fd, interest, 'level'),
        );
      },
    },
    {
      name: `regression 24: ${what} is ready at once where it is not refused`,
      why: 'Neither refused nor reported would be deaf.',
      run(t) {
        if (t.description.refuses.includes(kind)) t.skip(`${t.backend.name} refuses descriptors of kind '${kind}'`);
        const token = t.register(open(t), interest);
        expectNoBits(t.waitFor(token, interest), ERROR, `readiness of ${what}`);
      },
    },
  ];
}

export const kindsRows: readonly Row[] = [
  ...kindRows('file', 'a regular file', READABLE, t => t.own(t.world.file())),
  {
    name: 'regression 24: a regular file is ready at its end too, where it is not refused',
    why: 'A read that returns 0 does not block. kqueue says nothing there unless it is asked to answer as poll(2) does.',
    run(t) {
      if (t.description.refuses.includes('file')) t.skip(`${t.backend.name} refuses descriptors of kind 'file'`);
      if (!t.world.tellsFileEnd) t.skip(`the kqueue of ${t.world.name} is silent at the end of a file`);
      const fd = t.own(t.world.file());
      while (t.world.read(fd) > 0);
      const token = t.register(fd, READABLE);
      expectNoBits(t.waitFor(token, READABLE), ERROR, 'readiness at the end of a file');
    },
  },
  ...kindRows('directory', 'a directory', READABLE, t => t.own(t.world.directory())),
  {
    name: 'regression 24: /dev/null is refused with EPERM or ready at once',
    why: 'A program whose output is redirected there must not hang.',
    run(t) {
      refusedOrReady(t, t.own(t.world.device('null')), WRITABLE);
    },
  },
  {
    name: 'regression 24: /dev/zero is refused or ready to read at once',
    why: 'FreeBSD answers POLLNVAL of a device that is asked for POLLRDHUP: an open descriptor told as closed.',
    run(t) {
      refusedOrReady(t, t.own(t.world.device('zero')), READABLE);
    },
  },
  {
    name: 'regression 24: a terminal is refused with EPERM or ready to write at once',
    why: 'Standard output is one, most of the time.',
    run(t) {
      const fd = t.world.terminal() ?? t.skip(`no terminal in ${t.world.name}`);
      refusedOrReady(t, t.own(fd), WRITABLE);
    },
  },
  {
    name: 'regression 24: a FIFO is reported like a pipe',
    why: "Programs that are told a path can't know that it is one.",
    run(t) {
      const [reader, writer] = t.world.fifo().map(fd => t.own(fd));
      const token = t.register(reader, READABLE);
      t.expectQuiet('an empty FIFO with a writer');
      t.world.write(writer);
      t.waitFor(token, READABLE);
      expectEqual(t.world.drain(reader), 1, 'bytes read');
      t.expectQuiet('once drained');
    },
  },
  {
    name: 'regression 24: an epoll descriptor is readable while something in it is ready',
    why: "It is how one loop lives inside another; Pollux watches libuv's so.",
    needs: { platforms: ['linux'] },
    run(t) {
      if (!t.world.isReal) t.skip(`there is no epoll in ${t.world.name}`);
      const nested = t.own(openEpoll());
      const [reader, writer] = t.pipe();
      const change = new EpollEventArray(1);
      change.set(0, EPOLLIN, 0, 0);
      expectEqual(epollCtl(nested, EPOLL_CTL_ADD, reader, change.address), 0, 'epoll_ctl(2)');
      const token = t.register(nested, READABLE);
      t.expectQuiet('nothing ready in it');
      t.world.write(writer);
      t.waitFor(token, READABLE);
      t.world.drain(reader);
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
  if ((t.waitFor(token, interest | ERROR) & ERROR) === 0) return;
  expectEqual(
    t.backend.events.errors[t.indexOf(token)] === EBADF,
    false,
    'told of an open descriptor that it is closed',
  );
}
