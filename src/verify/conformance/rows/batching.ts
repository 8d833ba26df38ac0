/** Changes: how many reach the kernel, in how many calls, and that a bad one spoils no other. */
import { ERROR, READABLE, WRITABLE } from '../../../backends/contract.js';
import { EBADF } from '../../../sys/ffi/errno.js';
import { expectAtLeast, expectAtMost, expectBits, expectEqual } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

const MANY = 1_000;
const BATCH = 20;

/** A batch of changes, the one at `position` (from 1) for a descriptor that is closed before the flush. */
function badChange(t: Trial, position: number): void {
  const pipes = Array.from({ length: BATCH }, () => t.pipe());
  const tokens = pipes.map(([reader]) => t.register(reader, 0));
  t.wait(0);
  for (const [, writer] of pipes) t.world.write(writer);
  for (const token of tokens) t.modify(token, READABLE);
  const bad = tokens[position - 1];
  t.close(pipes[position - 1][0]);
  const good = new Set(tokens.filter(token => token !== bad));
  let error = 0;
  for (let wait = 0; wait < 10 && (good.size > 0 || error === 0); wait++) {
    t.wait(100);
    const { events } = t.backend;
    for (let index = 0; index < events.count; index++) {
      const token = events.tokens[index];
      if (token !== bad) good.delete(token);
      else if (error === 0) {
        expectBits(events.readiness[index], ERROR, `event of the bad change at ${position}`);
        error = events.errors[index];
      }
    }
  }
  expectEqual(good.size, 0, `good changes that were lost with the bad one at ${position}`);
  expectEqual(error, EBADF, `errno in the event of the bad change at ${position}`);
  for (const token of tokens) if (token !== bad) t.modify(token, 0);
  t.expectQuiet('after the error, which leaves its registration without interest');
  for (const token of tokens) {
    expectEqual(t.backend.has(token), true, `the registration ${token} is alive`);
    t.unregister(token);
  }
}

export const batchingRows: readonly Row[] = [
  ...[1, 8, 9, BATCH].map((position): Row => ({
    name: `regression 1: a bad change at ${position} of ${BATCH} spoils no other, and is reported with its errno`,
    why: 'kqueue stops at the first bad change unless there is room for its error: the rest would be deaf.',
    run: t => badChange(t, position),
  })),
  {
    name: 'opposite changes cancel out',
    why: 'A connection that pauses and resumes within one turn, as most do, must not pay two system calls for it.',
    run(t) {
      const [fd] = t.socketPair();
      const token = t.register(fd, READABLE);
      t.wait(0);
      const { changesAsked, changesSent } = t.backend.counters;
      if (t.description.changes === 'free') {
        t.skip(`changes of ${t.backend.name} cost no call, so there is nothing to save`);
      }
      for (let count = 0; count < 10; count++) {
        t.modify(token, READABLE | WRITABLE);
        t.modify(token, READABLE);
      }
      t.wait(0);
      expectEqual(t.backend.counters.changesAsked - changesAsked, 20, 'changes asked');
      expectEqual(t.backend.counters.changesSent - changesSent, 0, 'changes sent');
    },
  },
  {
    name: 'a thousand changes are all applied by the next wait',
    why: 'Lists have a length; what is beyond it must follow, not fall off.',
    // Twice as many: a backend that knows low numbers only needs room for what else the process has open.
    needs: { registrations: 2 * MANY },
    run(t) {
      const [reader, writer] = t.pipe();
      const tokens = Array.from({ length: MANY }, () => t.register(t.dup(reader), 0));
      t.wait(0);
      t.world.write(writer);
      for (const token of tokens) t.modify(token, READABLE);
      t.waitForAll(tokens, READABLE);
      for (const token of tokens) t.modify(token, 0);
      const { systemCalls } = t.backend.counters;
      t.wait(0);
      const spent = t.backend.counters.systemCalls - systemCalls;
      const { changes } = t.description;
      const most = changes === 'single' ? MANY + 1 : changes === 'batched' ? 100 : 1;
      expectAtMost(spent, most, `system calls of a flush of ${MANY} changes (description.changes is '${changes}')`);
      expectAtLeast(spent, 1, 'system calls of a wait');
      t.expectQuiet('all of them disabled');
    },
  },
  {
    name: 'counters add up',
    why: 'They are what budgets of system calls are asserted with.',
    run(t) {
      const { backend } = t;
      const [fd, peer] = t.socketPair();
      let events = 0;
      const token = t.register(fd, READABLE);
      events += t.wait(0);
      t.world.write(peer);
      for (let count = 0; count < 5; count++) events += t.wait(100);
      t.modify(token, 0);
      events += t.wait(0);
      t.unregister(token);
      const { counters } = backend;
      expectEqual(counters.waits, 7, 'waits');
      expectEqual(counters.events, events, 'events');
      expectEqual(counters.changesAsked, 3, 'changes asked: register, modify, unregister');
      expectAtMost(counters.changesSent, counters.changesAsked, 'changes sent');
      expectAtLeast(counters.changesSent, 1, 'changes sent');
      expectAtLeast(counters.systemCalls, counters.waits, 'system calls');
      expectEqual(counters.wakes, 0, 'wakes');
      expectEqual(counters.staleEvents, 0, 'stale events');
    },
  },
];
