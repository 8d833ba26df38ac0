/** Processor time of work that is done again and again: other programs disturb it less than the clock. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';

/** So many windows are measured, and the least counts: what disturbs only adds. */
const WINDOWS = 3;

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * @param work does one round, and returns how many operations that were, one or more.
 * @returns nanoseconds of processor time of one operation.
 */
export function cpuNanosecondsOf(work: () => number, durationMs: number): number {
  let least = Infinity;
  for (let window = 0; window < WINDOWS; window++) {
    const cpuBefore = cpuMicroseconds();
    const endMs = performance.now() + durationMs / WINDOWS;
    let operations = 0;
    do operations += work();
    while (performance.now() < endMs);
    least = Math.min(least, ((cpuMicroseconds() - cpuBefore) * 1000) / operations);
  }
  return least;
}
