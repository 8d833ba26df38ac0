/** A wait that an AbortSignal can end before what is waited for has come. */
import { addAbortListener, removeAbortListener } from './shared-listeners.js';

/**
 * What a promise comes to, or a rejection with the signal's reason once that is aborted, at once.
 *
 * @param signal not aborted yet; without one it is the same promise.
 * @param giveUp called when it is aborted: takes back what was asked for, so that what comes later goes to somebody
 *   else. False: too late, and the promise is about to be told what came. By default what it comes to is ignored.
 */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  giveUp: () => boolean = () => true,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      removeAbortListener(signal, abort);
      if (giveUp()) reject(signal.reason as Error);
    };
    addAbortListener(signal, abort);
    promise.then(
      value => {
        removeAbortListener(signal, abort);
        resolve(value);
      },
      (failure: Error) => {
        removeAbortListener(signal, abort);
        reject(failure);
      },
    );
  });
}
