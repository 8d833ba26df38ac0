/**
 * Functions of the runtime, as they are when this package is loaded. Tests replace the global ones (`mock.timers` of
 * node:test, fake timers of sinon, Jest and vitest), and jsdom has others or none: the reactor must not stop with them.
 *
 * Also a named import of a builtin module can be replaced later, by `module.syncBuiltinESMExports()`; these constants
 * can't.
 */
import { performance } from 'node:perf_hooks';
import { nextTick as originalNextTick } from 'node:process';
import timers from 'node:timers';

export const { setImmediate, clearImmediate, setTimeout, clearTimeout } = timers;

/** Milliseconds of the monotonic clock. */
export const monotonicMs: () => number = performance.now.bind(performance);

/** Of Node's loop; zeros in a runtime that has no figures. */
export const eventLoopUtilization: typeof performance.eventLoopUtilization =
  performance.eventLoopUtilization?.bind(performance) ?? (() => ({ idle: 0, active: 0, utilization: 0 }));

/** Calls a function once the stack is empty, in the async context of now; what it throws is uncaught. */
export const nextTick = originalNextTick;

/** Runs `task` after what runs now, before timers and I/O. */
export const queueMicrotask: (task: () => void) => void = globalThis.queueMicrotask;
