/** What a runtime is made with, checked. */
import { fileURLToPath } from 'node:url';
import type { ReactorOptions } from '../../core/reactor.js';
import { allowedProcessors, canPin } from '../../sys/affinity.js';
import type { Endpoint } from '../messages/endpoint.js';
import { checkInteger } from '../options.js';

export interface RuntimeOptions {
  /**
   * What each thread runs: a module, which finds its thread by `currentThread()`. If it exports a function `run`, that is
   * called with the thread, and awaited.
   */
  readonly entry: URL;
  /** How many threads. Default: as many as the process may use processors. */
  readonly threads?: number;
  /** Their names, one a thread. Default: 'thread 0' and on. */
  readonly names?: readonly string[];
  /** Binds each thread to a processor of its own, in turn; only with more than one, and only on Linux. Default false. */
  readonly affinity?: boolean;
  /** Given to each thread as `thread.payload`: anything that can be cloned. */
  readonly payload?: unknown;
  /** This thread's endpoint, if it has one: it is used, and left open. Default: one is opened, and closed at the end. */
  readonly endpoint?: Endpoint;
  /** For the reactor of each thread. */
  readonly reactor?: ReactorOptions;
  /** How often a thread that crashed is started again, each. Default 0. */
  readonly restarts?: number;
  /** Stops the runtime at SIGTERM and SIGINT, with this long to drain, in milliseconds. Default: signals are left alone. */
  readonly drainOnSignalMs?: number;
  /** A thread died of this. Without a handler a failure that is not met by a restart rejects `join`. */
  readonly onError?: (failure: Error, name: string) => void;
}

export const MAX_THREADS = 1024;

export interface CheckedOptions extends RuntimeOptions {
  readonly threads: number;
  readonly names: readonly string[];
  readonly restarts: number;
  /** The processor of each thread; empty when they are not bound. */
  readonly processors: readonly number[];
}

/** @throws RangeError, TypeError an option that makes no sense, named. */
export function checkRuntimeOptions(options: RuntimeOptions): CheckedOptions {
  const allowed = allowedProcessors();
  const { entry, threads = allowed.length, restarts = 0, affinity = false } = options;
  if (!(entry instanceof URL)) throw new TypeError(`entry: ${typeof entry}; allowed: the URL of a module`);
  if (entry.protocol === 'file:') fileURLToPath(entry);
  checkInteger('threads', threads, 1, MAX_THREADS);
  checkInteger('restarts', restarts, 0, 1e6);
  if (options.drainOnSignalMs !== undefined) checkInteger('drainOnSignalMs', options.drainOnSignalMs, 0, 0x7fffffff);
  const names = options.names ?? Array.from({ length: threads }, (_, index) => `thread ${index}`);
  if (names.length !== threads)
    throw new RangeError(`names: ${names.length} of them; allowed: one a thread (${threads})`);
  const pinned = affinity && canPin && threads > 1;
  const processors = pinned ? names.map((_, index) => allowed[index % allowed.length]) : [];
  return { ...options, threads, names, restarts, processors };
}
