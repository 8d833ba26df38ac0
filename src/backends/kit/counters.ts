/** What a backend counts of itself. */
import type { BackendCounters } from '../contract.js';

/** Counters of a backend that was just opened. */
export function newCounters(): BackendCounters {
  return { systemCalls: 0, waits: 0, changesAsked: 0, changesSent: 0, events: 0, staleEvents: 0, wakes: 0 };
}

/** Nanoseconds of a wait as the milliseconds of epoll_wait and poll: rounded up, so that no wait is too short. */
export function waitMs(timeoutNs: number): number {
  if (Number.isNaN(timeoutNs)) throw new RangeError('timeoutNs: NaN; allowed: -1 (for ever), 0 and more');
  if (timeoutNs < 0) return -1;
  // An int holds 24.8 days; a longer wait ends early with no event, and the caller waits again.
  return Math.min(Math.ceil(timeoutNs / 1e6), 0x7fffffff);
}
