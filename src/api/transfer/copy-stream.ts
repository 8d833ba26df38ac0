/** Copying from one connection to another, one way. */
import { OneWay } from '../../core/transfers/relay/one-way.js';
import type { RelayAccount } from '../../core/transfers/relay/relay-account.js';
import { nativeRelayCalls, type RelayCalls } from '../../core/transfers/relay/relay-conduits.js';
import type { DirectionLimits } from '../../core/transfers/relay/tunnel.js';
import { shown, type OptionNames } from '../../base/arguments.js';
import type { Connection } from '../stream/connection.js';
import { checkSink, checkSource } from './transfer-ends.js';
import { Transfer } from './transfer.js';

/** Options of `copyStream`. */
export interface CopyStreamOptions {
  /** Bytes to copy; Infinity, the default, is up to the end of the source. */
  readonly length?: number;
  /** Infinity, the default, is no limit. */
  readonly bytesPerSecond?: number;
  /** Aborted, it cancels the copy. */
  readonly signal?: AbortSignal;
}

const COPY_STREAM_OPTIONS = {
  length: 'other',
  bytesPerSecond: 'other',
  signal: 'other',
} as const satisfies OptionNames<CopyStreamOptions>;

/**
 * Copies bytes of one connection to another, up to a length or the end of the stream, whichever comes first: `account.bytes`
 * tells. Neither is ended or closed: what comes after the bytes is the user's again, to read and to send. When the source
 * breaks, what was taken from it is delivered first; cancelled, the copy leaves that in the queue of the target. An orderly
 * `close()` of the target waits for the copy, but ends one that is paused.
 *
 * Either may be a pipe or a Unix socket that was adopted. A connection may be copied to itself.
 *
 * @throws (by the promise, before a byte moves) Error the source is joined or being read; IoError an end is closed or ended;
 *   TypeError one is no connection, or they belong to different reactors; RangeError an option that makes no sense. Later: what one of them broke
 *   with, which closes that one.
 */
export function copyStream(
  source: Connection,
  target: Connection,
  options: CopyStreamOptions = {},
): Transfer<RelayAccount> {
  return copyStreamWith(nativeRelayCalls(), source, target, options);
}

/** @internal `copyStream` with a kernel of the caller's. */
export function copyStreamWith(
  calls: RelayCalls,
  source: Connection,
  target: Connection,
  options: CopyStreamOptions = {},
): Transfer<RelayAccount> {
  const prepare = () => streamLimits(source, target, options);
  return new Transfer(new OneWay(source, target, prepare, calls), options, COPY_STREAM_OPTIONS);
}

/** @internal What may be copied. @throws what is wrong with what the user gave. */
export function streamLimits(source: Connection, target: Connection, options: CopyStreamOptions): DirectionLimits {
  const { length = Infinity, bytesPerSecond = Infinity } = options;
  checkSource('source', source);
  checkSink('target', target);
  if (source.reactor !== target.reactor) {
    throw new TypeError('source, target: of different reactors; allowed: of the same');
  }
  if (length !== Infinity && !(Number.isSafeInteger(length) && length >= 0)) {
    throw new RangeError(`length: ${shown(length)}; allowed: integers from 0, Infinity for all`);
  }
  return { maxBytes: length, bytesPerSecond };
}
