/** Copying from one connection to another, one way. */
import { OneWay } from '../core/transfers/one-way.js';
import type { RelayAccount } from '../core/transfers/relay-account.js';
import { nativeRelayCalls, type RelayCalls } from '../core/transfers/relay-conduits.js';
import type { DirectionLimits } from '../core/transfers/tunnel.js';
import type { Connection } from './connection.js';
import { Transfer } from './transfer.js';

export interface CopyStreamOptions {
  /** Bytes to copy; Infinity, the default, is up to the end of the source. */
  readonly length?: number;
  /** Infinity, the default, is no limit. */
  readonly bytesPerSecond?: number;
  /** Aborted, it cancels the copy. */
  readonly signal?: AbortSignal;
}

/**
 * Copies bytes of one connection to another, up to a length or the end of the stream, whichever comes first: `account.bytes`
 * tells. Neither is ended or closed: what comes after the bytes is the user's again, to read and to send. When the source
 * breaks, what was taken from it is delivered first; cancelled, the copy leaves that in the queue of the sink.
 *
 * Either may be a pipe or a Unix socket that was adopted. A connection may be copied to itself.
 *
 * @throws (by the promise, before a byte moves) Error the source is joined or being read; IoError an end is closed or ended;
 *   TypeError they belong to different reactors; RangeError an option that makes no sense. Later: what one of them broke
 *   with, which closes that one.
 */
export function copyStream(from: Connection, to: Connection, options: CopyStreamOptions = {}): Transfer<RelayAccount> {
  return copyStreamWith(nativeRelayCalls(), from, to, options);
}

/** @internal `copyStream` with a kernel of the caller's. */
export function copyStreamWith(
  calls: RelayCalls,
  from: Connection,
  to: Connection,
  options: CopyStreamOptions = {},
): Transfer<RelayAccount> {
  const prepare = () => {
    if (from.reactor !== to.reactor) throw new TypeError('from, to: of different reactors; allowed: of the same');
    return checkedLimits(options.length ?? Infinity, options.bytesPerSecond ?? Infinity);
  };
  return new Transfer(new OneWay(from, to, prepare, calls), options.signal);
}

function checkedLimits(length: number, bytesPerSecond: number): DirectionLimits {
  if (length !== Infinity && !(Number.isSafeInteger(length) && length >= 0)) {
    throw new RangeError(`length: ${length}; allowed: integers from 0, Infinity for all`);
  }
  return { maxBytes: length, bytesPerSecond };
}
