/** Timers, processes, files, signals and user events of kqueue, on a model of each system's kernel. */
import { expect } from 'chai';
import { NO_TOKEN } from '../../src/base/token.js';
import { READABLE } from '../../src/backends/contract.js';
import { KqueueBackend } from '../../src/backends/kqueue/backend.js';
import { QueueSources } from '../../src/backends/sources/queue-sources.js';
import { triggerKnote } from '../../src/sys/poll/user-event.js';
import {
  CHANGED_ATTRIBUTES,
  CHANGED_DELETE,
  CHANGED_EXTEND,
  CHANGED_LINK,
  CHANGED_OPEN,
  CHANGED_RENAME,
  CHANGED_WRITE,
  NOTHING,
  type Source,
  type TimerSpec,
} from '../../src/backends/sources/contract.js';
import { ModelKernel } from '../../src/verify/model/kernel.js';
import { ModelKqueueCalls } from '../../src/verify/model/kqueue-calls.js';
import { profiles, type Profile } from '../../src/verify/model/profile.js';
import { DirectoryVnode, type VnodeFile } from '../../src/verify/model/things/vnode.js';
import { IoError } from '../../src/sys/ffi/io-error.js';
import { refusal } from '../support/refusal.js';

const MS = 1e6;
const ALL = CHANGED_DELETE | CHANGED_WRITE | CHANGED_EXTEND | CHANGED_ATTRIBUTES | CHANGED_LINK | CHANGED_RENAME;

type Place = "the backend's queue" | 'queues of their own';

/** A backend on a kernel of its own, and its sources. */
class World {
  readonly kernel: ModelKernel;
  readonly calls: ModelKqueueCalls;
  readonly backend: KqueueBackend;
  readonly sources: KqueueBackend['sources'] | QueueSources;

  constructor(profile: Profile, place: Place) {
    const kernel = new ModelKernel(profile);
    this.kernel = kernel;
    this.calls = new ModelKqueueCalls(kernel);
    const vnodeOf = (fd: number) => (kernel.descriptors.at(fd) as VnodeFile).vnode;
    const files = {
      open: (file: string | number) => (typeof file === 'string' ? kernel.open(file, ['RDONLY']) : file),
      stat: (fd: number) => {
        const { size, links } = vnodeOf(fd);
        return { isDirectory: vnodeOf(fd) instanceof DirectoryVnode, links, sizeBytes: size };
      },
      close: (fd: number) => kernel.descriptors.close(fd),
    };
    this.backend = new KqueueBackend({}, this.calls, files);
    const native = place === "the backend's queue";
    this.sources = native ? this.backend.sources : new QueueSources(this.backend, this.calls, files);
  }

  /** What the next wait reports of each, NOTHING for those without an event. */
  reports(...sources: Source[]): number[] {
    const { events } = this.backend;
    this.backend.wait(0);
    const taken = sources.map(source => {
      const index = events.tokens.subarray(0, events.count).indexOf(source.token);
      return index < 0 ? NOTHING : source.take(events.data[index]);
    });
    for (let index = 0; index < events.count; index++) expect(events.errors[index]).to.equal(0);
    return taken;
  }

  report(source: Source): number {
    return this.reports(source)[0];
  }
}

for (const profile of Object.values(profiles)) {
  for (const place of ["the backend's queue", 'queues of their own'] as const) {
    describe(`kqueue sources in ${place} (model of ${profile.name})`, () => {
      let world: World;

      beforeEach(() => (world = new World(profile, place)));

      const timers: [TimerSpec, number][] = [
        [{ kind: 'after', amount: 2, unit: 's' }, 2_000],
        [{ kind: 'after', amount: 20, unit: 'ms' }, 20],
        [{ kind: 'after', amount: 20_000, unit: 'us' }, 20],
        [{ kind: 'after', amount: 20_000_000, unit: 'ns' }, 20],
      ];
      for (const [spec, dueMs] of timers) {
        it(`a timer after ${spec.amount} ${spec.unit}: once, not early`, () => {
          const timer = world.sources.timer(spec);
          world.kernel.sleep((dueMs - 1) * MS);
          expect(world.report(timer)).to.equal(NOTHING);
          world.kernel.sleep(MS);
          expect(world.report(timer)).to.equal(1);
          world.kernel.sleep(dueMs * 3 * MS);
          expect(world.report(timer)).to.equal(NOTHING);
          timer.close();
        });
      }

      it('a timer at a time of the wall clock, also one that is past', () => {
        const amount = Math.ceil(world.kernel.clock.wallClockMs) + 50;
        const later = world.sources.timer({ kind: 'at', amount, unit: 'ms' });
        const past = world.sources.timer({ kind: 'at', amount: 1_000, unit: 's' });
        world.kernel.sleep(MS);
        expect(world.reports(past, later)).to.deep.equal([1, NOTHING]);
        world.kernel.sleep(60 * MS);
        expect(world.reports(past, later)).to.deep.equal([NOTHING, 1]);
      });

      it('a periodic timer counts what expired since', () => {
        const timer = world.sources.timer({ kind: 'every', amount: 10, unit: 'ms' });
        world.kernel.sleep(105 * MS);
        expect(world.report(timer)).to.equal(10);
        expect(world.report(timer)).to.equal(NOTHING);
        world.kernel.sleep(10 * MS);
        expect(world.report(timer)).to.equal(1);
        timer.close();
        expect(world.backend.has(timer.token)).to.equal(false);
        world.kernel.sleep(10 * MS);
        expect(world.backend.wait(0)).to.equal(0);
      });

      it('many timers, ended and made again, keep to their own', () => {
        const every = Array.from({ length: 20 }, (_, index) =>
          world.sources.timer({ kind: 'every', amount: index + 1, unit: 'ms' }),
        );
        for (const timer of every.splice(5, 10)) timer.close();
        const late = world.sources.timer({ kind: 'every', amount: 12, unit: 'ms' });
        world.kernel.sleep(24 * MS);
        expect(world.reports(...every, late)).to.deep.equal([24, 12, 8, 6, 4, 1, 1, 1, 1, 1, 2]);
      });

      it('the longest time does not expire at once, as an overflow would', () => {
        const longest = world.sources.timer({ kind: 'after', amount: 2 ** 31 - 2, unit: 's' });
        expect(world.report(longest)).to.equal(NOTHING);
        expect(() => world.sources.timer({ kind: 'after', amount: 2 ** 31 - 1, unit: 's' })).to.throw(RangeError);
        expect(() => world.sources.timer({ kind: 'every', amount: -5, unit: 'ms' })).to.throw(RangeError, 'every: -5');
      });

      it('the end of a process: its wait status', () => {
        const [well, badly, killed] = [world.kernel.spawn(), world.kernel.spawn(), world.kernel.spawn()];
        const sources = [well, badly, killed].map(child => world.sources.process(child.pid));
        expect(world.reports(...sources)).to.deep.equal([NOTHING, NOTHING, NOTHING]);
        badly.exit(7 * 256);
        killed.exit(9);
        expect(world.reports(...sources)).to.deep.equal([NOTHING, 1792, 9]);
        well.exit(0);
        expect(world.reports(...sources)).to.deep.equal([0, NOTHING, NOTHING]);
        for (const source of sources) source.close();
      });

      it('two watches of one process, of one signal, of one file', () => {
        const child = world.kernel.spawn();
        world.kernel.open('f', ['CREAT', 'RDWR']);
        const processes = [world.sources.process(child.pid), world.sources.process(child.pid)];
        const signals = [world.sources.signal(30), world.sources.signal(30)];
        const files = [world.sources.file('f', CHANGED_RENAME), world.sources.file('f', CHANGED_ATTRIBUTES)];
        child.exit(256);
        world.kernel.signal(30);
        world.kernel.files.chmod('f');
        world.kernel.files.rename('f', 'g');
        const reports = world.reports(...processes, ...signals, ...files);
        expect(reports).to.deep.equal([256, 256, 1, 1, CHANGED_RENAME, CHANGED_ATTRIBUTES]);
        processes[0].close();
        signals[0].close();
        world.kernel.signal(30);
        expect(world.report(signals[1])).to.equal(1);
      });

      it('a dead process: ESRCH, and the backend goes on', () => {
        const { kernel, backend, sources } = world;
        const open = kernel.descriptors;
        expect(refusal(() => sources.process(4711))).to.equal('ESRCH');
        const child = kernel.spawn();
        child.exit(0);
        child.reaped = true;
        expect(() => sources.process(child.pid)).to.throw(IoError, `process ${child.pid}: ESRCH`);
        const [a, b] = kernel.socketpair('stream');
        const token = backend.register(a, READABLE, 'level');
        (open.at(b) as unknown as { write(bytes: Uint8Array): number }).write(new Uint8Array(1));
        expect(backend.wait(0)).to.equal(1);
        expect(backend.events.tokens[0]).to.equal(token);
        expect(backend.events.readiness[0]).to.equal(READABLE);
      });

      it('a signal is counted', () => {
        const signal = world.sources.signal(30);
        for (let count = 0; count < 3; count++) world.kernel.signal(30);
        world.kernel.signal(31);
        expect(world.report(signal)).to.equal(3);
        expect(world.report(signal)).to.equal(NOTHING);
      });

      it('changes of a file, several in one event', () => {
        const fd = world.kernel.open('f', ['CREAT', 'RDWR']);
        const file = world.sources.file('f', ALL);
        world.kernel.fileAt(fd).write(new Uint8Array(10));
        expect(world.report(file)).to.equal(CHANGED_WRITE | CHANGED_EXTEND);
        world.kernel.files.chmod('f');
        world.kernel.files.rename('f', 'g');
        expect(world.report(file)).to.equal(CHANGED_ATTRIBUTES | CHANGED_RENAME);
        file.close();
        world.kernel.files.chmod('g');
        expect(world.backend.wait(0)).to.equal(0);
      });

      it('a name that goes while another remains is a link; the last is the end', () => {
        world.kernel.open('f', ['CREAT', 'RDWR']);
        const file = world.sources.file('f', CHANGED_LINK | CHANGED_DELETE);
        const onlyLinks = world.sources.file('f', CHANGED_LINK);
        world.kernel.files.link('f', 'g');
        expect(world.reports(file, onlyLinks)).to.deep.equal([CHANGED_LINK, CHANGED_LINK]);
        world.kernel.files.unlink('g');
        expect(world.reports(file, onlyLinks)).to.deep.equal([CHANGED_LINK, CHANGED_LINK]);
        world.kernel.files.unlink('f');
        expect(world.reports(file, onlyLinks)).to.deep.equal([CHANGED_DELETE, 0]);
      });

      it('a cut by ftruncate is a write too', () => {
        world.kernel.fileAt(world.kernel.open('f', ['CREAT', 'RDWR'])).write(new Uint8Array(10));
        const file = world.sources.file('f', CHANGED_WRITE | CHANGED_EXTEND);
        world.kernel.files.truncate('f', 5);
        expect(world.report(file)).to.equal(CHANGED_WRITE);
        world.kernel.files.truncate('f', 50);
        expect(world.report(file)).to.equal(CHANGED_WRITE | CHANGED_EXTEND);
        world.kernel.files.chmod('f');
        expect(world.report(file)).to.equal(0);
      });

      it('what can not be watched as a file, and what this system can not tell of it', () => {
        const [a] = world.kernel.socketpair('stream');
        expect(refusal(() => world.sources.file(a, CHANGED_WRITE))).to.equal('EINVAL');
        world.kernel.open('f', ['CREAT', 'RDWR']);
        const canTell = profile.name.startsWith('freebsd') || profile.name.startsWith('netbsd');
        expect(refusal(() => world.sources.file('f', CHANGED_OPEN))).to.equal(canTell ? 'none' : 'ENOTSUP');
      });
    });
  }

  describe(`kqueue sources beside descriptors (model of ${profile.name})`, () => {
    it('a user event is triggered by its handle, keeps its token, and is once a wait', () => {
      const { backend, calls, sources } = worldOf(profile);
      const [first, second] = [sources.user(), sources.user()];
      const { call, fd, ident, low, high } = second.handle;
      expect(call).to.equal('kevent');
      for (let count = 0; count < 3; count++) triggerKnote(calls, fd, ident, low, high);
      expect(backend.wait(-1)).to.equal(1);
      expect(backend.events.tokens[0]).to.equal(second.token);
      expect(backend.wait(0)).to.equal(0);
      second.close();
      expect(() => triggerKnote(calls, fd, ident, low, high)).to.throw(IoError, 'ENOENT');
      expect(backend.has(first.token)).to.equal(true);
    });

    it('timers, processes and sockets come by one call of kevent', () => {
      const { backend, kernel, sources } = worldOf(profile);
      const [a, b] = kernel.socketpair('stream');
      const child = kernel.spawn();
      const timer = sources.timer({ kind: 'every', amount: 1, unit: 'ms' });
      const process = sources.process(child.pid);
      const socket = backend.register(a, READABLE, 'level');
      backend.wait(0);
      (kernel.descriptors.at(b) as unknown as { write(bytes: Uint8Array): number }).write(new Uint8Array(3));
      child.exit(512);
      kernel.sleep(2 * MS);
      const { systemCalls } = backend.counters;
      expect(backend.wait(-1)).to.equal(3);
      expect(backend.counters.systemCalls).to.equal(systemCalls + 1);
      const { tokens, data } = backend.events;
      const reported = new Map(Array.from({ length: 3 }, (_, index) => [tokens[index], data[index]]));
      expect(reported).to.deep.equal(
        new Map([
          [timer.token, 2],
          [process.token, 512],
          [socket, 3],
        ]),
      );
    });

    it('an event that was harvested and not read is blanked when its source ends', () => {
      const { backend, kernel, sources } = worldOf(profile);
      const timer = sources.timer({ kind: 'after', amount: 1, unit: 'ms' });
      kernel.sleep(2 * MS);
      expect(backend.wait(0)).to.equal(1);
      timer.close();
      expect(backend.events.tokens[0]).to.equal(NO_TOKEN);
      expect(refusal(() => timer.close())).to.equal('ENOENT');
    });

    it('what is said of a source as of a descriptor is refused', () => {
      const { backend, sources } = worldOf(profile);
      const timer = sources.timer({ kind: 'every', amount: 1, unit: 'ms' });
      expect(refusal(() => backend.modify(timer.token, READABLE))).to.equal('EINVAL');
      backend.unregister(timer.token);
      expect(backend.has(timer.token)).to.equal(false);
    });

    it('a thousand sources leave nothing behind', () => {
      const { backend, kernel, sources } = worldOf(profile);
      for (let round = 0; round < 10; round++) {
        const timers = Array.from({ length: 100 }, () => sources.timer({ kind: 'after', amount: 1, unit: 'ms' }));
        if (round % 2 === 0) kernel.sleep(2 * MS);
        for (const timer of timers) timer.close();
        expect(backend.wait(0)).to.equal(0);
      }
      kernel.sleep(10 * MS);
      expect(backend.wait(0)).to.equal(0);
      expect(backend.counters.staleEvents).to.equal(0);
    });
  });
}

function worldOf(profile: Profile): World & { sources: KqueueBackend['sources'] } {
  return new World(profile, "the backend's queue") as World & { sources: KqueueBackend['sources'] };
}
