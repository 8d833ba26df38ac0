/**
 * What a runtime calls its user's callbacks by: `onError` and `onRestart`, in the context in which the runtime was
 * made.
 */
import { AsyncScope, throwUncaught } from '../../core/reactor/async-scope.js';
import type { RuntimeOptions } from './options.js';

/** A worker, by what a callback says of it. */
interface Told {
  readonly name: string;
  readonly restarts: number;
}

export class RuntimeCallbacks {
  private readonly scope = new AsyncScope('POLLUX_RUNTIME');

  constructor(private readonly options: RuntimeOptions) {}

  onError(failure: Error, { name }: Pick<Told, 'name'>): void {
    this.call(this.options.onError, failure, name);
  }

  onRestart({ name, restarts }: Told): void {
    this.call(this.options.onRestart, name, restarts);
  }

  /** What a callback throws is its user's affair; what is left to be done for the worker is done all the same. */
  private call<Args extends unknown[]>(callback: ((...args: Args) => void) | undefined, ...args: Args): void {
    if (callback === undefined) return;
    try {
      this.scope.run(callback, this.options, ...args);
    } catch (error) {
      throwUncaught(error);
    }
  }
}
