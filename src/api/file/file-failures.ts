/** What reads and writes of a file are rejected with: the error, and how far they came. */
import { isError } from '../../base/kinds.js';
import { AbortedMove } from '../../core/disk/scratch.js';
import { wrongState, type IoError } from '../../sys/ffi/io-error.js';
import { ownError } from '../own-error.js';

/** An error of `read`, `readInto` or `write`. */
export type FileFailure = IoError & {
  /** Bytes that had moved before it. */
  readonly movedBytes: number;
};

/**
 * What `write` is rejected with if it was aborted once bytes had gone to the system; its `cause` is the signal's
 * reason.
 */
export type AbortedWrite = Error & {
  /** Bytes that were written for certain. */
  readonly movedBytes: number;
  /** Bytes behind them that the system had at that moment: they may be written yet, all, some or none. */
  readonly underWayBytes: number;
};

/** What a write is rejected with. @returns the signal's reason itself only if nothing was written, nor will be. */
export function abortedWrite(error: unknown, movedBytes: number, signal: AbortSignal | undefined): unknown {
  const underWayBytes = error instanceof AbortedMove ? error.underWayBytes : 0;
  if (signal?.aborted !== true || (underWayBytes === 0 && error !== signal.reason)) return error;
  if (movedBytes + underWayBytes === 0) return error;
  const { reason } = signal as { reason: unknown };
  const account = { movedBytes, underWayBytes };
  return isError(reason)
    ? ownError(reason, account)
    : Object.assign(wrongState('ECANCELED', 'write', 'the write was aborted'), account, { cause: reason });
}
