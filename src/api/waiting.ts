/** The one option that every call has that waits: a signal by which its caller waits no longer. */
import { unlessAborted } from '../base/unless-aborted.js';
import { abortSignal, checkOptions, type OptionTable } from '../base/options.js';

/** What can end a wait. */
export interface WaitOptions {
  /**
   * Aborting it ends the wait: the promise is rejected with the signal's reason, at once. If it is aborted before the
   * call, nothing happens at all; after the promise has settled it has no effect.
   */
  readonly signal?: AbortSignal;
}

/** Of calls that close something, or bring it to its end. */
export interface EndOptions {
  /**
   * Aborting it ends the wait: the promise is rejected with the signal's reason, at once. The closing goes on, and
   * begins also if it is aborted before the call: what was opened must not stay open since nobody has the time to wait
   * for its end.
   */
  readonly signal?: AbortSignal;
}

const WAIT_OPTIONS = { signal: abortSignal() } satisfies OptionTable<WaitOptions>;

/**
 * The signal of a call that is about to begin.
 *
 * @throws TypeError an option that there is not, or no signal. @throws the signal's reason, if it is aborted.
 */
export function signalOf(options: WaitOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  const signal = checkedSignal(options);
  signal?.throwIfAborted();
  return signal;
}

function checkedSignal(options: WaitOptions): AbortSignal | undefined {
  checkOptions(WAIT_OPTIONS, options);
  return options.signal;
}

/**
 * Begins a call with the signal of its options. What `signalOf` throws is told by the promise, and nothing has begun.
 */
export async function beginWith<T>(
  options: WaitOptions,
  begin: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  return begin(signalOf(options));
}

/** As `beginWith`, for what can't be taken back: an abort ends the wait alone. */
export function waitWith<T>(options: WaitOptions | undefined, begin: () => Promise<T>): Promise<T> {
  if (options === undefined) return begin();
  return beginWith(options, signal => unlessAborted(begin(), signal));
}

/**
 * Closes something with the signal of its options: see `EndOptions`. What is wrong with them is told by the promise.
 */
export function endWith<T>(options: EndOptions | undefined, end: () => Promise<T>): Promise<T> {
  if (options === undefined) return end();
  try {
    const signal = checkedSignal(options);
    return untilAborted(end(), signal);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** As `unlessAborted`, of a signal that may be aborted already. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal?.aborted !== true) return unlessAborted(promise, signal);
  promise.catch(() => {});
  return Promise.reject(signal.reason);
}
