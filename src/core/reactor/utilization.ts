/**
 * How busy a thread is, in the shape of `performance.eventLoopUtilization()`. That function itself can't tell beside a
 * reactor: libuv counts as idle the time that it sleeps, and it is the reactor that sleeps.
 */
import { eventLoopUtilization, monotonicMs } from '../../base/runtime-functions.js';

/** How a reactor's time divides into waiting and working. */
export interface Utilization {
  /** Milliseconds in which the thread waited for something to do. */
  readonly idle: number;
  /** Milliseconds in which it did not. */
  readonly active: number;
  /** The part of the time that it was active, from 0 to 1. */
  readonly utilization: number;
}

/** @param sleptMs the reactor, in all. @param startedMs when it began, on the monotonic clock. */
export function utilizationOf(sleptMs: number, startedMs: number): Utilization {
  // What libuv slept before there was a reactor, and while it is paused.
  const { idle, active } = eventLoopUtilization();
  // Runtimes without libuv have the function at most, and no figures.
  const totalMs = idle + active === 0 ? monotonicMs() - startedMs : idle + active;
  return ratio(idle + sleptMs, totalMs - idle - sleptMs);
}

export function difference(later: Utilization, earlier: Utilization): Utilization {
  return ratio(later.idle - earlier.idle, later.active - earlier.active);
}

function ratio(idle: number, active: number): Utilization {
  return { idle, active, utilization: idle + active === 0 ? 0 : active / (idle + active) };
}
