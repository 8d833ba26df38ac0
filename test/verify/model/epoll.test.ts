import { expect } from 'chai';
import fc from 'fast-check';
import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT } from '../../../src/verify/model/epoll.js';
import { ModelKernel } from '../../../src/verify/model/kernel.js';
import type { Kevent } from '../../../src/verify/model/kevent.js';
import { profiles } from '../../../src/verify/model/profile.js';
import { Refusal } from '../../../src/verify/model/refusal.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../../../src/verify/model/things/readiness.js';

const profile = profiles['freebsd-14'];
const { EVFILT_READ, EVFILT_WRITE, EV_ADD, EV_CLEAR, EV_EOF } = profile.system.constants;

function write(kernel: ModelKernel, fd: number, lengthBytes = 1): void {
  kernel.descriptors.at(fd).write(new Uint8Array(lengthBytes));
}

function read(kernel: ModelKernel, fd: number): void {
  kernel.descriptors.at(fd).read(65_536);
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'none';
}

describe('the model of epoll', () => {
  it('reports by level as long as it holds, and by edge once for each time that bytes arrive', () => {
    const kernel = new ModelKernel(profile);
    const [a, b] = kernel.socketpair('stream');
    const level = kernel.epoll();
    const edge = kernel.epoll();
    level.add(a, EPOLLIN, 1);
    edge.add(a, EPOLLIN | EPOLLET, 2);
    write(kernel, b);
    for (let round = 0; round < 3; round++) expect(level.wait(4)).to.deep.equal([{ events: EPOLLIN, data: 1 }]);
    expect(edge.wait(4)).to.deep.equal([{ events: EPOLLIN, data: 2 }]);
    expect(edge.wait(4)).to.deep.equal([]);
    write(kernel, b);
    expect(edge.wait(4)).to.deep.equal([{ events: EPOLLIN, data: 2 }]);
    read(kernel, a);
    expect(level.wait(4)).to.deep.equal([]);
  });

  it('disarms a oneshot as a whole, errors and hang-ups included, until it is modified', () => {
    const kernel = new ModelKernel(profile);
    const [a, b] = kernel.socketpair('stream');
    const epoll = kernel.epoll();
    epoll.add(a, EPOLLIN | EPOLLONESHOT, 1);
    write(kernel, b);
    expect(epoll.wait(4)).to.have.length(1);
    kernel.descriptors.close(b);
    expect(epoll.wait(4)).to.deep.equal([]);
    epoll.modify(a, EPOLLIN | EPOLLONESHOT, 2);
    expect(epoll.wait(4)).to.deep.equal([{ events: EPOLLIN | EPOLLHUP, data: 2 }]);
  });

  it('tells a half-close by RDHUP where it is asked for, and a full one by HUP unasked', () => {
    const kernel = new ModelKernel(profile);
    const [a, b] = kernel.socketpair('stream');
    const epoll = kernel.epoll();
    epoll.add(a, EPOLLIN | EPOLLRDHUP, 1);
    kernel.socketAt(b).shutdownSending();
    expect(epoll.wait(4)).to.deep.equal([{ events: EPOLLIN | EPOLLRDHUP, data: 1 }]);
    epoll.modify(a, EPOLLOUT, 1);
    expect(epoll.wait(4)).to.deep.equal([{ events: EPOLLOUT, data: 1 }]);
    kernel.descriptors.close(b);
    expect(epoll.wait(4)).to.deep.equal([{ events: EPOLLOUT | EPOLLHUP, data: 1 }]);
  });

  it('tells the writer of a pipe by ERR that the reader is gone', () => {
    const kernel = new ModelKernel(profiles.macos);
    const [reading, writing] = kernel.pipe();
    const epoll = kernel.epoll();
    epoll.add(writing, EPOLLOUT, 1);
    kernel.descriptors.close(reading);
    expect(epoll.wait(4)).to.deep.equal([{ events: EPOLLOUT | EPOLLERR, data: 1 }]);
  });

  it('wakes one of those that wait exclusively, and all others', () => {
    const kernel = new ModelKernel(profile);
    const listener = kernel.listen(8);
    const [first, second, shared] = [kernel.epoll(), kernel.epoll(), kernel.epoll()];
    first.add(listener.fd, EPOLLIN | EPOLLEXCLUSIVE, 1);
    second.add(listener.fd, EPOLLIN | EPOLLEXCLUSIVE, 2);
    shared.add(listener.fd, EPOLLIN, 3);
    first.isWaitedFor = true;
    second.isWaitedFor = true;
    codeOf(() => kernel.connect(kernel.socket('stream'), listener.port));
    expect([first.wait(1).length, second.wait(1).length, shared.wait(1).length]).to.deep.equal([1, 0, 1]);
    expect(codeOf(() => first.modify(listener.fd, EPOLLIN, 1))).to.equal('EINVAL');
  });

  it('keeps an item as long as a dup of its descriptor is open', () => {
    const kernel = new ModelKernel(profile);
    const [a, b] = kernel.socketpair('stream');
    const epoll = kernel.epoll();
    epoll.add(a, EPOLLIN, 1);
    const copy = kernel.descriptors.dup(a);
    kernel.descriptors.close(a);
    write(kernel, b);
    // The ghost that kqueue does not know: nobody can take it back by its number any more.
    expect(epoll.wait(4)).to.deep.equal([{ events: EPOLLIN, data: 1 }]);
    expect(codeOf(() => epoll.remove(a))).to.equal('EBADF');
    kernel.descriptors.close(copy);
    expect(epoll.wait(4)).to.deep.equal([]);
  });

  it('refuses what is added twice, what is not there, and what is always ready', () => {
    const kernel = new ModelKernel(profile);
    const [a] = kernel.socketpair('stream');
    const epoll = kernel.epoll();
    epoll.add(a, EPOLLIN, 1);
    const file = kernel.open('f', ['RDWR', 'CREAT']);
    expect(codeOf(() => epoll.add(a, EPOLLIN, 1))).to.equal('EEXIST');
    expect(codeOf(() => epoll.add(file, EPOLLIN, 1))).to.equal('EPERM');
    expect(codeOf(() => epoll.modify(99, EPOLLIN, 1))).to.equal('EBADF');
    epoll.remove(a);
    expect(codeOf(() => epoll.modify(a, EPOLLIN, 1))).to.equal('ENOENT');
    expect(codeOf(() => epoll.add(a, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1))).to.equal('EINVAL');
  });
});

describe('epoll and kqueue over the same things', () => {
  const steps = fc.array(
    fc.record({ end: fc.constantFrom(0, 1), act: fc.constantFrom('write', 'fill', 'read', 'half-close') }),
    { maxLength: 30 },
  );

  it('report the same by level: READ and IN, WRITE and OUT, EOF and RDHUP', () => {
    fc.assert(
      fc.property(steps, program => {
        const kernel = new ModelKernel(profile);
        const ends = kernel.socketpair('stream');
        const epoll = kernel.epoll();
        epoll.add(ends[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP, 0);
        const kq = kernel.kqueue();
        const changes = [EVFILT_READ, EVFILT_WRITE].map(filter => add(ends[0], filter, EV_ADD));
        harvest(kernel, kq, changes, 0);
        for (const { end, act } of program) {
          perform(kernel, ends[end], act);
          const events = epoll.wait(4)[0]?.events ?? 0;
          const answers = harvest(kernel, kq, [], 4);
          const reading = answers.find(({ filter }) => filter === EVFILT_READ);
          expect((events & EPOLLIN) !== 0).to.equal(reading !== undefined);
          expect((events & EPOLLOUT) !== 0).to.equal(answers.some(({ filter }) => filter === EVFILT_WRITE));
          expect((events & EPOLLRDHUP) !== 0).to.equal(((reading?.flags ?? 0) & EV_EOF) !== 0);
        }
      }),
    );
  });

  it('differ by edge only in that epoll repeats what else holds', () => {
    fc.assert(
      fc.property(steps, program => {
        const kernel = new ModelKernel(profile);
        const ends = kernel.socketpair('stream');
        const epoll = kernel.epoll();
        epoll.add(ends[0], (EPOLLIN | EPOLLOUT | EPOLLET) >>> 0, 0);
        const kq = kernel.kqueue();
        const changes = [EVFILT_READ, EVFILT_WRITE].map(filter => add(ends[0], filter, EV_ADD | EV_CLEAR));
        harvest(kernel, kq, changes, 0);
        for (const { end, act } of program) {
          perform(kernel, ends[end], act);
          const events = epoll.wait(4)[0]?.events ?? 0;
          for (const { filter } of harvest(kernel, kq, [], 4)) {
            expect(events & (filter === EVFILT_READ ? EPOLLIN : EPOLLOUT)).to.not.equal(0);
          }
        }
      }),
    );
  });
});

function add(fd: number, filter: number, flags: number): Kevent {
  return { ident: BigInt(fd), filter, flags, fflags: 0, data: 0, udata: 0n };
}

function harvest(kernel: ModelKernel, kq: number, changes: Kevent[], nevents: number): readonly Kevent[] {
  return kernel.kevent(kq, { changes, nevents, timeout: { sec: 0, nsec: 0 } }).events!;
}

function perform(kernel: ModelKernel, fd: number, act: string): void {
  codeOf(() => {
    if (act === 'write') write(kernel, fd);
    else if (act === 'read') read(kernel, fd);
    else if (act === 'half-close') kernel.socketAt(fd).shutdownSending();
    else for (;;) write(kernel, fd, 4096);
  });
}
