/** What a user ends a connection by. */
import type { Sendable } from '../socket/sendable.js';
import type { EndOptions } from '../waiting.js';

/** The end of a connection: of our side, or of the whole. */
export interface ConnectionEnd extends AsyncDisposable {
  /**
   * Half-close: what is queued, and `data` after it, goes out, then FIN. Receiving goes on.
   * @throws as `send` of `data`.
   */
  end(data?: Sendable): void;
  /**
   * Orderly close: delivers what is queued, sends FIN, waits a bounded while for the peer's, closes the descriptor.
   * What still arrives is thrown away. Aborting `options.signal` ends the wait alone.
   *
   * @returns a promise that resolves when the descriptor is closed, and rejects with what prevented the delivery.
   */
  close(options?: EndOptions): Promise<void>;
  /** Closes at once. What is queued is dropped. @param failure told to `onClose` and to all that wait. */
  destroy(failure?: Error): void;
  /** Closes at once and lets the peer know by a reset (RST). @param failure told to `onClose` and to all that wait. */
  reset(failure?: Error): void;
  /** Resolves when the descriptor is closed; rejects if that was by a failure. */
  readonly closed: Promise<void>;
  /**
   * The descriptor is closed; `failure` says why unless it was by order. Called once.
   * @throws TypeError no function.
   */
  get onClose(): ((failure: Error | undefined) => void) | undefined;
  set onClose(handler: ((failure: Error | undefined) => void) | undefined);
}
