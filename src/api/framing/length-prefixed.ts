/** Messages of bytes that begin with their length, and how they are written. */
import { BufferList } from '../../core/memory/buffer-list.js';
import { shown } from '../../base/arguments.js';
import { integer, oneOf, optional, valuesOf, type OptionTable } from '../../base/options.js';
import { checkSendable, type Sendable } from '../socket/sendable.js';
import { checkSource, type FrameSource } from './chunks.js';
import { FrameCutter } from './cutter.js';
import { Frames } from './frames.js';
import { FRAME_OPTIONS, type FrameOptions } from './framing-options.js';
import { LengthPrefix, VARINT_BYTES } from './length-prefix.js';

/** How the length before a message is written. */
export interface LengthPrefixOptions {
  /** Bytes of the length: 1 to 8, or 'varint' (7 bits a byte, the lowest first, as in Protocol Buffers). Default 4. */
  readonly bytes?: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 'varint';
  /** Which end of the length comes first. Default 'big'. Of no meaning to a varint. */
  readonly endian?: 'big' | 'little';
  /**
   * What is added to the length to get the bytes that follow it: -4 where a length of 4 bytes counts itself. Default 0.
   */
  readonly adjustBytes?: number;
}

/** Options of `lengthPrefixed`. */
export interface LengthPrefixedOptions extends LengthPrefixOptions, FrameOptions {
  /** Bytes of a header that come before the length. Default 0. */
  readonly offset?: number;
  /** Whether messages have what comes before their body: the bytes up to `offset`, and the length. Default 'drop'. */
  readonly header?: 'drop' | 'keep';
}

const PREFIX_OPTIONS = {
  bytes: optional(checkPrefixBytes, 4),
  endian: oneOf(['big', 'little'], 'big'),
  adjustBytes: integer(-0xffff, 0xffff, 0),
} satisfies OptionTable<LengthPrefixOptions>;

const LENGTH_PREFIXED_OPTIONS = {
  ...PREFIX_OPTIONS,
  ...FRAME_OPTIONS,
  offset: integer(0, 0xffff, 0),
  header: oneOf(['drop', 'keep'], 'drop'),
} satisfies OptionTable<LengthPrefixedOptions>;

/**
 * The messages of a connection that begin with their length, as buffer lists.
 *
 *     lengthPrefixed(connection, { bytes: 2 });                                                    // DNS over TCP
 *     lengthPrefixed(connection, { bytes: 'varint', maxBytes: 1 << 20 });                          // Protocol Buffers
 *     lengthPrefixed(connection, { bytes: 4, offset: 1, adjustBytes: -4, header: 'keep' });        // PostgreSQL
 *
 * The reading fails with IoError EMSGSIZE: a length over `maxBytes`, before a byte of the body is received into memory;
 * EPROTO: a varint of more than 10 bytes, a length that `adjustBytes` makes negative; ETIMEDOUT: a message that takes
 * longer than `timeoutMs`; EBADMSG: the stream ends within a message.
 *
 * @throws TypeError, RangeError an argument that makes no sense.
 */
export function lengthPrefixed(source: FrameSource, options: LengthPrefixedOptions = {}): Frames<BufferList> {
  checkSource(source);
  const { timeoutMs, signal, ...prefix } = valuesOf(LENGTH_PREFIXED_OPTIONS, options);
  return new Frames(source, new FrameCutter(new LengthPrefix(prefix)), { what: 'lengthPrefixed', timeoutMs, signal });
}

/**
 * A message behind its length, as it goes over the wire.
 *
 *     await connection.write(encodeLengthPrefixed(body, { bytes: 2 }));
 *
 * @param message a list is moved, and empty after; an array must be left alone until it is sent.
 * @throws TypeError what can't be sent. @throws RangeError a length that has no room in the prefix; an option that
 *   makes no sense.
 */
export function encodeLengthPrefixed(message: Sendable, options: LengthPrefixOptions = {}): BufferList {
  checkSendable('message', message);
  const { bytes, endian, adjustBytes } = valuesOf(PREFIX_OPTIONS, options);
  const lengthBytes = typeof message === 'string' ? Buffer.byteLength(message) : message.length;
  const length = lengthBytes - adjustBytes;
  const most = bytes === 'varint' ? Number.MAX_SAFE_INTEGER : Math.min(2 ** (8 * bytes) - 1, Number.MAX_SAFE_INTEGER);
  if (length < 0 || length > most) {
    throw new RangeError(
      `message: ${lengthBytes} bytes; allowed: lengths from ${adjustBytes} to ${most + adjustBytes}`,
    );
  }
  const prefix = bytes === 'varint' ? varintOf(length) : integerOf(length, bytes, endian);
  return BufferList.from(prefix, message);
}

function checkPrefixBytes(name: string, bytes: NonNullable<LengthPrefixOptions['bytes']>): void {
  if (bytes === 'varint' || (Number.isInteger(bytes) && bytes >= 1 && bytes <= 8)) return;
  throw new RangeError(`${name}: ${shown(bytes)}; allowed: integers from 1 to 8, 'varint'`);
}

function integerOf(length: number, bytes: number, endian: 'big' | 'little'): Uint8Array {
  const prefix = new Uint8Array(bytes);
  for (let place = 0, left = length; place < bytes; place++, left = Math.floor(left / 256)) {
    prefix[endian === 'little' ? place : bytes - 1 - place] = left % 256;
  }
  return prefix;
}

function varintOf(length: number): Uint8Array {
  const prefix = new Uint8Array(VARINT_BYTES);
  let bytes = 0;
  let left = length;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) prefix[bytes++] = (left % 0x80) + 0x80;
  prefix[bytes++] = left;
  return prefix.subarray(0, bytes);
}
