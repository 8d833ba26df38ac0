/** What share of a processor so many kevents a second take: changes that go in and events that come out. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { BackendFactory, RegistrationMode } from '../../../backends/contract.js';
import { withBenchUntil } from './bench-backend.js';
import { roundsOf } from './mode-sweep.js';
import type { Curve, Point } from './table.js';

const SLICE_MS = 10;
/** Events of one wait. */
const MOST_BATCH = 64;

/** A oneshot is two kevents a round and socket, a change and an event; what is persistent is one. */
export async function rateCurve(
  factory: BackendFactory,
  mode: RegistrationMode,
  rates: readonly number[],
  durationMs: number,
): Promise<Curve> {
  const points: Point[] = [];
  for (const rate of rates) points.push({ x: rate, y: await shareAt(factory, mode, rate, durationMs) });
  return { name: `${factory.name}, ${mode}`, points };
}

/**
 * Each slice of 10 ms does its share and then rests. The cost is that of a kevent at this pace, times the rate. A
 * machine that is busy with other work makes the slices late, and does not change what they cost.
 *
 * @returns percent of one processor; null where so many are too many for it.
 */
async function shareAt(
  factory: BackendFactory,
  mode: RegistrationMode,
  rate: number,
  durationMs: number,
): Promise<number | null> {
  const each = mode === 'oneshot' ? 2 : 1;
  const perSlice = (rate * SLICE_MS) / 1000;
  const batch = Math.min(MOST_BATCH, Math.max(1, Math.round(perSlice / each)));
  return withBenchUntil(factory, batch, async bench => {
    const round = roundsOf(bench, mode);
    round();
    const { user, system } = process.cpuUsage();
    const endMs = performance.now() + durationMs;
    let done = 0;
    for (let due = perSlice; performance.now() < endMs; due += perSlice) {
      while (done < due && performance.now() < endMs) done += each * round();
      await delay(SLICE_MS);
    }
    const used = process.cpuUsage({ user, system });
    const percent = ((used.user + used.system) / done) * (rate / 1e6) * 100;
    return percent > 100 ? null : percent;
  });
}
