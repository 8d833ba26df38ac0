/** How long a wait lasts. */
import { READABLE } from '../../../backends/contract.js';
import { expectAtLeast, expectAtMost, expectEqual } from '../expectation.js';
import type { Row } from '../row.js';

/** Timeouts below, at and off the steps of one nanosecond, one microsecond and one millisecond. */
const TIMEOUTS_NS = [1, 999, 1_000, 1_500, 999_999, 1_000_000, 1_000_001, 2_500_000, 12_345_678];
/** 24.8 days are where an int of milliseconds ends, 292 years where a signed word of nanoseconds does. */
const HUGE_TIMEOUTS_NS = [2 ** 31 * 1e6, 2 ** 32 * 1e6, 40 * 86_400e9, Number.MAX_SAFE_INTEGER, 2 ** 63, 2 ** 64];
/** Beyond a step of the clock: what a busy machine may add to the best of many tries. */
const SLACK_NS = 5e6;

export const timeRows: readonly Row[] = [
  {
    name: 'a wait with timeout 0 returns at once',
    why: 'A reactor with work to do only looks.',
    run(t) {
      const [reader] = t.pipe();
      t.register(reader, READABLE);
      const start = t.world.nowNs();
      for (let count = 0; count < 100; count++) expectEqual(t.backend.wait(0), 0, 'events');
      expectAtMost((t.world.nowNs() - start) / 1e6, t.deadlineMs, 'milliseconds of 100 waits');
      expectEqual(t.backend.counters.waits, 100, 'waits counted');
    },
  },
  {
    name: 'a wait with timeout 0 reports what is ready',
    why: 'Only looking must still be looking.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.world.write(writer);
      expectEqual(t.wait(0), 1, 'events');
      expectEqual(t.readinessOf(token), READABLE, 'readiness');
    },
  },
  {
    name: 'a wait is never shorter than asked',
    why: 'A timer that is not due yet makes the reactor spin until it is.',
    run(t) {
      for (const timeoutNs of TIMEOUTS_NS) {
        const start = t.world.nowNs();
        const count = t.backend.wait(timeoutNs);
        const elapsedNs = t.world.nowNs() - start;
        expectEqual(count, 0, `events of a wait of ${timeoutNs} ns`);
        expectAtLeast(elapsedNs, timeoutNs, `nanoseconds of a wait of ${timeoutNs} ns`);
      }
    },
  },
  {
    name: 'a wait is longer than asked by at most about a step',
    why: 'Timers are as late as this.',
    run(t) {
      const timeoutNs = 2_000_000;
      let bestNs = Infinity;
      for (let attempt = 0; attempt < 20 && bestNs > timeoutNs + t.description.timeoutStepNs; attempt++) {
        const start = t.world.nowNs();
        t.backend.wait(timeoutNs);
        bestNs = Math.min(bestNs, t.world.nowNs() - start);
      }
      expectAtMost(bestNs, timeoutNs + t.description.timeoutStepNs + SLACK_NS, 'nanoseconds of the best of 20 waits');
    },
  },
  {
    name: 'huge timeouts are accepted and end by an event',
    why: 'A timer in forty days must not overflow into an error, or into none.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.world.write(writer);
      for (const timeoutNs of HUGE_TIMEOUTS_NS) {
        expectEqual(t.backend.wait(timeoutNs), 1, `events of a wait of ${timeoutNs} ns`);
        expectEqual(t.readinessOf(token), READABLE, 'readiness');
      }
    },
  },
];
