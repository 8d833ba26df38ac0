/** Timers, processes, files, signals and user events: the backend's own, or descriptors that it watches. */
import { READABLE } from '../../../backends/contract.js';
import {
  CHANGED_ATTRIBUTES,
  CHANGED_DELETE,
  CHANGED_WRITE,
  NOTHING,
  STATUS_UNKNOWN,
  type Source,
} from '../../../backends/sources/contract.js';
import { expectArgumentError, expectAtLeast, expectAtMost, expectEqual, expectIoError, fail } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

const MS = 1e6;
/** No system gives out such a number. */
const NO_PROCESS = 0x7ffffff0;
const SIGKILL = 9;

/** What a source tells when its next event comes. */
function nextOf(t: Trial, source: Source): number {
  for (let events = 0; events < 100; events++) {
    t.waitFor(source.token, READABLE);
    const taken = source.take(t.backend.events.data[t.indexOf(source.token)]);
    if (taken !== NOTHING) return taken;
  }
  return fail('source: expected an event about something, got 100 about nothing');
}

/** What a file tells next; it may also tell that something happened which was not asked for. */
function nextChangesOf(t: Trial, source: Source): number {
  for (let changes = nextOf(t, source); ; changes = nextOf(t, source)) if (changes !== 0) return changes;
}

/** Lets time pass without a look at the backend that is tried. */
function sleep(t: Trial, durationNs: number): void {
  const other = t.open();
  const until = t.world.nowNs() + durationNs;
  for (let left = durationNs; left > 0; left = until - t.world.nowNs()) other.wait(left);
}

export const sourceRows: readonly Row[] = [
  {
    name: 'a timer expires once, not early, in each unit',
    why: 'A time-out that comes early ends what was still good; one that comes twice ends what followed.',
    run(t) {
      for (const [unit, amount] of [['ms', 5] as const, ['us', 5_000] as const, ['ns', 5_000_000] as const]) {
        const start = t.world.nowNs();
        const timer = t.follow(t.sources.timer({ kind: 'after', amount, unit }));
        expectEqual(nextOf(t, timer), 1, `expirations after ${amount} ${unit}`);
        expectAtLeast(t.world.nowNs() - start, 5 * MS, `nanoseconds until ${amount} ${unit} were over`);
      }
      t.expectQuiet('timers that have expired');
    },
  },
  {
    name: 'a periodic timer says how often it expired',
    why: 'A thread that was busy must be able to catch up.',
    run(t) {
      const timer = t.follow(t.sources.timer({ kind: 'every', amount: 2, unit: 'ms' }));
      sleep(t, 21 * MS);
      expectAtLeast(nextOf(t, timer), 10, 'expirations in 21 ms of 2 ms each');
      expectAtMost(nextOf(t, timer), 1_000, 'expirations since');
    },
  },
  {
    name: 'a timer by the wall clock whose time is past expires at once, and once',
    why: 'A machine that slept must not miss what was due.',
    run(t) {
      const timer = t.follow(t.sources.timer({ kind: 'at', amount: 1_000, unit: 's' }));
      expectEqual(nextOf(t, timer), 1, 'expirations');
      t.expectQuiet('a timer that has expired');
    },
  },
  {
    name: 'a source that ends is silent, also if its event was harvested already',
    why: 'Its callback may have been freed.',
    run(t) {
      const timer = t.follow(t.sources.timer({ kind: 'every', amount: 1, unit: 'ms' }));
      t.waitFor(timer.token, READABLE);
      timer.close();
      expectEqual(t.indexOf(timer.token), -1, 'index of the dead event');
      expectEqual(t.backend.has(timer.token), false, 'whether the token is alive');
      t.expectQuiet('a timer that was closed');
    },
  },
  {
    name: 'sources and descriptors share a wait and are told apart',
    why: 'An application has one loop.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.world.write(writer);
      const timers = [1, 2, 3].map(amount => t.follow(t.sources.timer({ kind: 'every', amount, unit: 'ms' })));
      sleep(t, 4 * MS);
      t.waitForAll([token, ...timers.map(timer => timer.token)], READABLE);
    },
  },
  {
    name: 'a time that no timer takes is refused, and the backend goes on',
    why: 'A kernel that takes it may wait for ever, or not at all.',
    run(t) {
      for (const amount of [-1, 0, 0.5, NaN, Infinity, 2 ** 31]) {
        expectArgumentError(`a period of ${amount} s`, () => t.sources.timer({ kind: 'every', amount, unit: 's' }));
      }
      expectEqual(nextOf(t, t.follow(t.sources.timer({ kind: 'after', amount: 1, unit: 'ms' }))), 1, 'expirations');
    },
  },
  {
    name: 'a process that does not exist is refused with ESRCH, and the backend goes on',
    why: 'Who waits for the end of the dead waits for ever.',
    run(t) {
      expectIoError('ESRCH', 'watching a process that does not exist', () => t.sources.process(NO_PROCESS));
      expectEqual(nextOf(t, t.follow(t.sources.timer({ kind: 'after', amount: 1, unit: 'ms' }))), 1, 'expirations');
    },
  },
  {
    name: 'the end of a process is told once, with its status where the system knows it',
    why: 'Supervisors start it anew.',
    run(t) {
      const child = t.world.spawn();
      const source = t.follow(t.sources.process(child.pid));
      t.expectQuiet('a process that lives');
      child.kill();
      const status = nextOf(t, source);
      if (status !== STATUS_UNKNOWN) expectEqual(status, SIGKILL, 'wait status');
    },
  },
  {
    name: 'changes of a file are told as a set, and only those asked for',
    why: 'A configuration is read again when it was written, not when it was looked at.',
    run(t) {
      const file = t.world.changingFile();
      t.own(file.fd);
      const source = t.follow(t.sources.file(file.fd, CHANGED_ATTRIBUTES | CHANGED_DELETE));
      file.changeMode();
      expectEqual(nextChangesOf(t, source), CHANGED_ATTRIBUTES, 'changes');
      file.remove();
      for (let changes = 0; (changes & CHANGED_DELETE) === 0;) changes = nextOf(t, source);
    },
  },
  {
    name: 'what is neither file nor directory is refused with EINVAL as a file',
    why: 'It would never be told of.',
    run(t) {
      const [reader] = t.pipe();
      expectIoError('EINVAL', 'watching a pipe as a file', () => t.sources.file(reader, CHANGED_WRITE));
    },
  },
  {
    name: 'a user event is told once for any number of triggers before it',
    why: 'It is how a thread with a result wakes one that waits.',
    run(t) {
      const [first, second] = [t.follow(t.sources.user()), t.follow(t.sources.user())];
      for (let count = 0; count < 3; count++) t.world.trigger(second.handle);
      expectEqual(nextOf(t, second), 1, 'the event');
      expectEqual(t.indexOf(first.token), -1, 'index of the one that was not triggered');
      t.expectQuiet('user events that were told');
    },
  },
  {
    name: 'a signal is counted, also if it is ignored',
    why: 'A supervisor must not miss one because the program ignores it.',
    run(t) {
      const { signal } = t.sources;
      if (signal === undefined) return t.skip('this system counts no signals in a process with several threads');
      const source = t.follow(signal(t.world.signal()));
      for (let count = 0; count < 3; count++) t.world.signal();
      expectAtLeast(nextOf(t, source), 1, 'deliveries');
      t.expectQuiet('a signal that was told');
    },
  },
];
