/** The reactor of this thread: there is one, made at first use or by `startReactor` before that. */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { Reactor, type ReactorOptions } from '../core/reactor.js';
import { checkOptions, type OptionNames } from './arguments.js';

export const REACTOR_OPTIONS = {
  backend: 'other',
  mode: 'other',
  maxBufferBytes: 'other',
  maxEvents: 'other',
} as const satisfies OptionNames<ReactorOptions>;

let reactor: Reactor | undefined;

/**
 * Starts this thread's reactor with options of your own. Call it before anything else of Pollux in the thread.
 *
 * @throws Error the thread has a reactor already, or the backend does not run here (with reason and remedy).
 * @throws TypeError an unknown backend, mode or option.
 */
export function startReactor(options: ReactorOptions = {}): Reactor {
  checkOptions(options, REACTOR_OPTIONS);
  if (reactor !== undefined && !reactor.isClosed) {
    throw new Error(`this thread has a reactor already (${reactor.driver.backend.name}); close it first`);
  }
  const isFirst = reactor === undefined;
  reactor = new Reactor(options);
  // The descriptors of a thread are the process's, and outlive it.
  if (isFirst && !isMainThread) process.on('exit', closeUnused);
  return reactor;
}

/** This thread's reactor; started with defaults if it isn't running. @throws Error no backend runs here. */
export function currentReactor(): Reactor {
  return reactor === undefined || reactor.isClosed ? startReactor() : reactor;
}

/** What is still in use may be known to other threads, or to a handler of the user's that comes later. */
function closeUnused(): void {
  if (reactor?.isUnused === true) reactor.close();
}
