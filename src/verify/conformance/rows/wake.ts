/**
 * Wakes: each ends one wait, however many there were, and none is ever taken for an event. From other threads: see
 * docs/contract.md.
 */
import { READABLE } from '../../../backends/contract.js';
import { expectAtLeast, expectAtMost, expectEqual, fail } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

const MANY_WAKES = 100_000;

/** A wait that only a wake can end before its deadline. */
function expectWoken(t: Trial, what: string): void {
  const start = t.clockMs();
  expectEqual(t.wait(t.deadlineMs), 0, `${what}: events of the wait`);
  if (t.clockMs() - start >= t.deadlineMs)
    fail(`${what}: expected the wait to be woken, got a timeout after ${t.deadlineMs} ms`);
}

export const wakeRows: readonly Row[] = [
  {
    name: 'a wake before the wait ends it, and ends no other',
    why: 'The message was posted while the reactor was busy; it must not sleep over it, nor spin on it.',
    run(t) {
      const { counters } = t.backend;
      for (let round = 1; round <= 3; round++) {
        t.backend.wake();
        expectWoken(t, `round ${round}`);
        expectEqual(counters.wakes, round, 'wakes counted');
        t.expectQuiet(`round ${round}, after the woken wait`);
      }
    },
  },
  {
    name: 'wakeBackend with the handle wakes as wake does',
    why: 'It is what other threads have.',
    run(t) {
      t.world.wake(t.backend.wakeHandle);
      expectWoken(t, 'after wakeBackend');
      t.expectQuiet('after the woken wait');
    },
  },
  {
    name: 'the wake handle is made of plain numbers and survives being posted',
    why: 'Objects with methods do not cross to a worker.',
    run(t) {
      const copy = structuredClone(t.backend.wakeHandle);
      const { call, fd, ident, low, high } = copy;
      expectEqual(call === 'write' || call === 'kevent', true, 'call is write or kevent');
      expectEqual([fd, ident, low, high].every(Number.isInteger), true, 'fd, ident, low and high are integers');
      t.world.wake(copy);
      expectWoken(t, 'after wakeBackend with a copy');
    },
  },
  {
    name: 'a wait for ever ends by a wake',
    why: 'It is how an idle reactor learns that it has work.',
    run(t) {
      t.backend.wake();
      expectWoken(t, 'with a deadline, to be sure that this row ends');
      t.backend.wake();
      expectEqual(t.wait(-1), 0, 'events of a wait for ever that was woken');
    },
  },
  {
    name: 'a hundred thousand wakes end one wait',
    why: 'A producer that posts faster than the reactor turns must not pay it back in empty turns, nor block.',
    run(t) {
      for (let count = 0; count < MANY_WAKES; count++) t.backend.wake();
      expectWoken(t, `after ${MANY_WAKES} wakes`);
      expectEqual(t.backend.counters.wakes, 1, 'wakes counted');
      const { systemCalls } = t.backend.counters;
      t.expectQuiet('after the woken wait');
      expectAtMost(t.backend.counters.systemCalls - systemCalls, 20, 'system calls of a quiet time');
      t.backend.wake();
      expectWoken(t, 'one more wake');
    },
  },
  {
    name: 'a wake hides no event, and no event hides a wake',
    why: 'Both arrive in the same wait whenever there is much to do.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.world.write(writer);
      t.backend.wake();
      t.waitFor(token, READABLE);
      for (let attempt = 0; attempt < 3 && t.backend.counters.wakes === 0; attempt++) t.wait(0);
      expectAtLeast(t.backend.counters.wakes, 1, 'wakes counted');
    },
  },
  {
    name: 'a wake while a batch is being read ends the next wait',
    why: 'A handler that posts to its own reactor wants a turn, soon.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.world.write(writer);
      t.waitFor(token, READABLE);
      t.backend.wake();
      t.modify(token, 0);
      expectWoken(t, 'woken in its own batch');
      t.expectQuiet('after the woken wait');
    },
  },
  {
    name: 'wakes of one backend do not wake another',
    why: 'Each thread has its own; a shared wake-up would be a thundering herd.',
    run(t) {
      const second = t.open();
      second.wake();
      t.expectQuiet('the other backend');
      expectEqual(t.wait(0, second), 0, 'events of the woken wait');
      expectEqual(second.counters.wakes, 1, 'wakes counted by the woken one');
      expectEqual(t.backend.counters.wakes, 0, 'wakes counted by the other one');
    },
  },
];
