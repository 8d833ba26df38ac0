/** Connecting again after a failure: how often, and after which rest. */
import { monotonicMs } from '../../base/runtime-functions.js';
import { shown } from '../../base/arguments.js';
import { integer, milliseconds, nested, optional, type OptionTable } from '../../base/options.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { settling } from '../settling.js';

/** How `connect` tries again. The rest doubles with each failure. */
export interface RetryOptions {
  /** How often to try at most, the first time included. Default 5. */
  readonly attempts?: number;
  /** The rest after the first failure. Default 100 ms. */
  readonly delayMs?: number;
  /** The longest rest. Default 10 seconds. */
  readonly maxDelayMs?: number;
  /**
   * The part of each rest that is left to chance, from 0 to 1, so that clients which failed together do not come back
   * together. Default 0.5: a rest takes between half of its time and all of it.
   */
  readonly jitter?: number;
}

const RETRY_OPTIONS = {
  attempts: integer(1, 1e9, 5),
  delayMs: milliseconds(100),
  maxDelayMs: milliseconds(10_000),
  jitter: optional(checkShare, 0.5),
} satisfies OptionTable<RetryOptions>;

function checkShare(name: string, given: number): void {
  if (typeof given === 'number' && given >= 0 && given <= 1) return;
  throw new RangeError(`${name}: ${shown(given)}; allowed: numbers from 0 to 1`);
}

export type Retry = Required<RetryOptions>;

/**
 * Any rest has grown to the longest by then. Without a bound it would be no number in the end, where the first is 0.
 */
const MOST_DOUBLINGS = 64;

const values = nested(RETRY_OPTIONS);

/** One attempt, if the option is left out. */
export function retryOption(name: string, given: RetryOptions | undefined): Retry | undefined {
  return given === undefined ? undefined : values(name, given);
}

/** What bounds all attempts together. */
interface Bounds {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/**
 * Tries until it works, or must not be tried again. What is no refusal of the system, such as a mistake in the
 * arguments, is not tried again; nor is it when the time does not suffice for a rest.
 *
 * @param attempt given what is left of the time.
 * @throws the last failure. @throws the signal's reason, at once.
 */
export async function tryAgain<T>(
  reactor: Reactor,
  { attempts, delayMs, maxDelayMs, jitter }: Retry,
  { signal, timeoutMs = Infinity }: Bounds,
  attempt: (leftMs: number | undefined) => Promise<T>,
): Promise<T> {
  const endsAt = monotonicMs() + timeoutMs;
  for (let failures = 0; ; failures++) {
    const leftMs = failures === 0 ? timeoutMs : Math.max(0, endsAt - monotonicMs());
    try {
      return await attempt(leftMs === Infinity ? undefined : leftMs);
    } catch (failure) {
      const longestMs = Math.min(maxDelayMs, delayMs * 2 ** Math.min(failures, MOST_DOUBLINGS));
      const restMs = Math.ceil(longestMs * (1 - jitter * Math.random()));
      const isLast = failures + 1 >= attempts || monotonicMs() + restMs >= endsAt;
      if (isLast || signal?.aborted === true || !(failure instanceof IoError)) throw failure;
      await rest(reactor, restMs, signal);
      // A thread that computes is late: nothing may be left of the time.
      if (monotonicMs() >= endsAt) throw failure;
    }
  }
}

async function rest(reactor: Reactor, restMs: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = settling<void>();
  const timer = reactor.arm({ onTimer: () => resolve() }, 0, restMs);
  reactor.enter(true);
  try {
    await unlessAborted(promise, signal);
  } finally {
    reactor.disarm(timer);
    reactor.leave(true);
  }
}
