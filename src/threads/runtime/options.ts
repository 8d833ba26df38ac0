/** What a runtime is made with, checked. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isUrl } from '../../base/kinds.js';
import { MAX_SENDERS } from '../ring/layout.js';
import { MAILBOX_SENDERS } from '../../core/limits.js';
import type { ReactorOptions } from '../../core/reactor/reactor.js';
import { allowedProcessors, canPin } from '../../sys/process/affinity.js';
import { checkInteger, kindOf, pathOf, shown } from '../../base/arguments.js';
import {
  anything,
  boolean,
  callback,
  integer,
  optional,
  required,
  valuesOf,
  type OptionTable,
} from '../../base/options.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { checkReactorOptions } from '../../api/thread-reactor.js';

/** Options of `new Runtime`. */
export interface RuntimeOptions {
  /**
   * What each worker runs: a module, which finds its worker by `currentWorker()`. If it exports a function `run`, by
   * itself or in its default export, that is called with the worker, and awaited. A default export that is a function
   * is refused.
   */
  readonly entry: URL;
  /**
   * Where Pollux's own first module of a worker is: `pollux/worker`, or what your bundler made of it. Default: beside
   * Pollux. A bundle of Pollux has no such file beside it, and `start` says so.
   */
  readonly workerUrl?: URL;
  /** How many workers, up to 256. Default: as many as the process may use processors. */
  readonly workers?: number;
  /** Their names, one a worker, no two the same. Default: 'worker 0' and on. */
  readonly names?: readonly string[];
  /**
   * Binds each worker to a processor of its own, in turn; only with more than one, and only on Linux. Default false.
   */
  readonly affinity?: boolean;
  /** Given to each worker as `worker.payload`: anything that can be cloned. */
  readonly payload?: unknown;
  /**
   * This thread's endpoint, if it has one: it is used, and left open. It needs a sender for each worker (`senders`).
   * Default: one is opened, and closed at the end. A thread has one: several runtimes of a worker are given the same.
   */
  readonly endpoint?: Endpoint;
  /** For the reactor of each worker. */
  readonly reactor?: ReactorOptions;
  /** How often a worker that crashed is started again, each. Default 0. */
  readonly restarts?: number;
  /**
   * Stops the runtime at SIGTERM and SIGINT, with this long to drain, in milliseconds; a second signal terminates the
   * workers that are left. Default: signals are left alone.
   */
  readonly drainOnSignalMs?: number;
  /**
   * A worker died of this; it is told before the worker is started again, if it is. Handler or none, a failure that is
   * not met by a restart rejects `stop` and `finished`.
   */
  readonly onError?: (failure: Error, name: string) => void;
  /**
   * A worker that crashed runs again: its entry is through, and `workers[i].peer` is the new one. Told each time, with
   * how often it was started again by now; not told once the runtime is being stopped.
   */
  readonly onRestart?: (name: string, restarts: number) => void;
}

/** Each worker sends to each other, and their owner to all. */
export const MAX_WORKERS = MAX_SENDERS;

/** The longest that a timer of Node can wait. */
export const MAX_DEADLINE_MS = 0x7fffffff;

const RUNTIME_OPTIONS = {
  entry: required(checkModule),
  workerUrl: optional(checkModule, new URL('worker.js', import.meta.url)),
  workers: integer(1, MAX_WORKERS),
  // Checked against the number of workers.
  names: anything<readonly string[]>(),
  affinity: boolean(false),
  payload: optional(checkCloneable),
  endpoint: optional(checkEndpoint),
  reactor: optional(checkReactor),
  restarts: integer(0, 1e6, 0),
  drainOnSignalMs: integer(0, MAX_DEADLINE_MS),
  onError: callback<NonNullable<RuntimeOptions['onError']>>(),
  onRestart: callback<NonNullable<RuntimeOptions['onRestart']>>(),
} satisfies OptionTable<RuntimeOptions>;

export interface CheckedOptions extends RuntimeOptions {
  readonly workers: number;
  readonly names: readonly string[];
  readonly restarts: number;
  readonly workerUrl: URL;
  /** That a mailbox has room for: all of the runtime, and as many others as any mailbox has, if that can be. */
  readonly senders: number;
  /** The processor of each worker; empty when they are not bound. */
  readonly processors: readonly number[];
}

/** @throws RangeError, TypeError an option that makes no sense, named. */
export function checkRuntimeOptions(options: RuntimeOptions): CheckedOptions {
  const values = valuesOf(RUNTIME_OPTIONS, options);
  checkFirstModule(values.workerUrl);
  const allowed = allowedProcessors();
  const { workers = Math.min(allowed.length, MAX_WORKERS), affinity } = values;
  const { names = Array.from({ length: workers }, (_, index) => `worker ${index}`) } = values;
  checkNames(names, workers);
  const pinned = affinity && canPin && workers > 1;
  const processors = pinned ? names.map((_, index) => allowed[index % allowed.length]) : [];
  const senders = Math.min(workers + MAILBOX_SENDERS, MAX_SENDERS);
  return { ...values, workers, names, senders, processors };
}

/** @throws RangeError it is no time that a timer can wait. */
export function checkDeadline(name: string, deadlineMs: number): void {
  checkInteger(name, deadlineMs, 0, MAX_DEADLINE_MS);
}

function checkEndpoint(name: string, endpoint: Endpoint): void {
  if (endpoint instanceof Endpoint) return;
  throw new TypeError(`${name}: ${kindOf(endpoint)}; allowed: this thread's Endpoint, from openEndpoint()`);
}

function checkReactor(name: string, reactor: ReactorOptions): void {
  checkReactorOptions(reactor, name);
  checkCloneable(name, reactor);
}

function checkModule(name: string, url: URL): void {
  if (!isUrl(url)) throw new TypeError(`${name}: ${kindOf(url)}; allowed: the URL of a module`);
  if (url.protocol === 'file:') pathOf(name, url);
  else if (url.protocol !== 'data:') throw new TypeError(`${name}: ${url.href}; allowed: a URL of a file, or data:`);
}

/** A bundler takes the module that asks for it elsewhere: the worker would fail to load, far from the cause. */
function checkFirstModule(url: URL): void {
  if (url.protocol !== 'file:' || existsSync(fileURLToPath(url.href))) return;
  throw new TypeError(
    `workerUrl: ${url.href} is not there; allowed: the URL of 'pollux/worker', which a bundle of Pollux needs beside it`,
  );
}

function checkNames(names: readonly string[], workers: number): void {
  if (!Array.isArray(names)) throw new TypeError(`names: ${kindOf(names)}; allowed: an array of strings, one a worker`);
  for (const name of names as readonly unknown[]) {
    if (typeof name !== 'string') throw new TypeError(`names: ${shown(name)} among them; allowed: strings`);
  }
  if (new Set(names).size < names.length) {
    throw new RangeError(`names: '${names.join("', '")}'; allowed: each name once`);
  }
  if (names.length !== workers) {
    throw new RangeError(`names: ${names.length} of them; allowed: one a worker (${workers})`);
  }
}

/** Found out before the first worker starts, which would be half of a runtime. */
function checkCloneable(name: string, given: unknown): void {
  try {
    structuredClone(given);
  } catch (error) {
    throw new TypeError(`${name}: it can't be cloned: ${(error as Error).message}`, { cause: error });
  }
}
