/**
 * The reactor of this thread: there is one, made at first use or by `startReactor` before that. Two that block would
 * each keep the other from sleeping, so copies of this package share one, or the one that comes second is refused.
 */
import { wrongState } from '../sys/ffi/io-error.js';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { MAX_EVENTS } from '../backends/kit/batch-size.js';
import { backendFactory } from '../backends/registry.js';
import { commonState, nameOf, thisCopy } from '../base/thread-state.js';
import { REACTOR_SCOPE } from '../core/reactor/async-scope.js';
import { Reactor, type ReactorOptions } from '../core/reactor/reactor.js';
import { REACTOR_MODES } from '../core/driver/mode.js';
import './plain-workers.js';
import { shown } from '../base/arguments.js';
import { checkOptions, integer, oneOf, optional, type OptionTable } from '../base/options.js';

/** One block of the slab. */
const LEAST_BUFFER_BYTES = 2 ** 20;

const REACTOR_OPTIONS = {
  backend: optional(checkBackend),
  mode: oneOf(REACTOR_MODES),
  maxBufferBytes: optional(checkBufferBytes),
  maxEvents: integer(1, MAX_EVENTS),
} satisfies OptionTable<ReactorOptions>;

/** @throws TypeError, RangeError naming the option that makes no sense. */
export function checkReactorOptions(options: ReactorOptions, argument?: string): void {
  checkOptions(REACTOR_OPTIONS, options, argument);
}

function checkBackend(_: string, backend: string): void {
  if (backend !== 'auto') backendFactory(backend);
}

function checkBufferBytes(name: string, lengthBytes: number): void {
  if (typeof lengthBytes === 'number' && lengthBytes >= LEAST_BUFFER_BYTES) return;
  throw new RangeError(`${name}: ${shown(lengthBytes)}; allowed: numbers from ${LEAST_BUFFER_BYTES}`);
}

/** The same in all versions of this package. */
interface Seat {
  taken?: {
    /** All of it is for copies of the same version; for others `isClosed`, `isUnused` and `close()`. */
    readonly reactor: Reactor;
    /** The copy that made it. */
    readonly copy: typeof thisCopy;
    /** Where that copy was loaded: a test runner may have taken its globals away since. */
    readonly realm: object;
  };
}

const seat = commonState<Seat>('reactor', () => ({}));

/**
 * Starts this thread's reactor with options of your own. Call it before anything else of Pollux in the thread.
 *
 * @throws IoError EALREADY: the thread has a reactor. @throws Error the backend does not run here (with reason and
 *   remedy).
 * @throws TypeError an unknown backend, mode or option.
 */
export function startReactor(options: ReactorOptions = {}): Reactor {
  checkReactorOptions(options);
  const running = runningReactor();
  if (running !== undefined) {
    throw wrongState(
      'EALREADY',
      'startReactor',
      `this thread has a reactor already (${running.driver.backend.name}); close it first`,
    );
  }
  const isFirst = seat.taken === undefined;
  const reactor = REACTOR_SCOPE.run(() => new Reactor(options), undefined);
  seat.taken = { reactor, copy: thisCopy, realm: globalThis };
  // The descriptors of a thread are the process's, and outlive it.
  if (isFirst && !isMainThread) process.on('exit', closeUnused);
  return reactor;
}

/**
 * This thread's reactor; started with defaults if it isn't running.
 *
 * @throws Error no backend runs here. @throws IoError EALREADY: another version of Pollux has the thread's reactor in
 *   use.
 */
export function currentReactor(): Reactor {
  return runningReactor() ?? startReactor();
}

/** @throws IoError EALREADY: one of another version is in use. */
function runningReactor(): Reactor | undefined {
  const { taken } = seat;
  if (taken === undefined || taken.reactor.isClosed) return undefined;
  const { reactor, copy, realm } = taken;
  const isSameVersion = copy.version === thisCopy.version;
  if (isSameVersion && (realm === globalThis || !reactor.isUnused)) return reactor;
  if (!reactor.isUnused) {
    throw wrongState(
      'EALREADY',
      'startReactor',
      `this thread has a reactor of another version of Pollux (${nameOf(copy)}), which is in use; this is ` +
        `${nameOf(thisCopy)}. A thread has one reactor: install one version, or use the other one in a worker`,
    );
  }
  reactor.close();
  return undefined;
}

/** What is still in use may be known to other threads, or to a handler that the user sets later. */
function closeUnused(): void {
  const reactor = seat.taken?.reactor;
  if (reactor?.isUnused === true) reactor.close();
}
