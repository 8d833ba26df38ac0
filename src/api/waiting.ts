/** The one option that every call has that waits: a signal by which its caller waits no longer. */
import { checkOptions, checkSignal, type OptionNames } from './arguments.js';

export interface WaitOptions {
  /**
   * Aborting it ends the wait: the promise is rejected with the signal's reason, at once. If it is aborted before the call,
   * nothing happens at all; after the promise has settled it has no effect.
   */
  readonly signal?: AbortSignal;
}

const WAIT_OPTIONS = { signal: 'other' } as const satisfies OptionNames<WaitOptions>;

/**
 * The signal of a call that is about to begin.
 *
 * @throws TypeError an option that there is not, or no signal. @throws the signal's reason, if it is aborted.
 */
export function signalOf(options: WaitOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, WAIT_OPTIONS);
  const { signal } = options;
  checkSignal(signal);
  signal?.throwIfAborted();
  return signal;
}

/** Begins a call with the signal of its options. What `signalOf` throws is told by the promise, and nothing has begun. */
export async function beginWith<T>(
  options: WaitOptions,
  begin: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  return begin(signalOf(options));
}
