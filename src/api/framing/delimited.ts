/** Messages of bytes that end with a delimiter, and how they are written. */
import { BufferList } from '../../core/memory/buffer-list.js';
import { oneOf, valuesOf, type OptionTable } from '../../base/options.js';
import { checkSendable, type Sendable } from '../socket/sendable.js';
import { checkSource, type FrameSource } from './chunks.js';
import { FrameCutter } from './cutter.js';
import { Delimiter, UNTERMINATED, type Unterminated } from './delimiter.js';
import { Frames } from './frames.js';
import { FRAME_OPTIONS, type FrameOptions } from './framing-options.js';

/** Options of `delimited`. */
export interface DelimitedOptions extends FrameOptions {
  /** Bytes behind the last delimiter: EBADMSG ('error', the default), or a message as the others ('message'). */
  readonly unterminated?: Unterminated;
}

const DELIMITED_OPTIONS = {
  ...FRAME_OPTIONS,
  unterminated: oneOf(UNTERMINATED, 'error'),
} satisfies OptionTable<DelimitedOptions>;

/**
 * The messages of a connection that end with `delimiter`, without it. They are buffer lists.
 *
 *     for await (const record of delimited(connection, '\0')) console.log(record.toString());
 *
 * The reading fails as that of `lines` does.
 *
 * @param delimiter a string, as UTF-8, or bytes.
 * @throws TypeError, RangeError an argument that makes no sense.
 */
export function delimited(
  source: FrameSource,
  delimiter: string | Uint8Array,
  options: DelimitedOptions = {},
): Frames<BufferList> {
  checkSource(source);
  const { unterminated, maxBytes, timeoutMs, signal } = valuesOf(DELIMITED_OPTIONS, options);
  const boundary = new Delimiter(delimiterBytes(delimiter), maxBytes, unterminated);
  return new Frames(source, new FrameCutter(boundary), { what: 'delimited', timeoutMs, signal });
}

/**
 * A message as it goes over the wire.
 *
 * @param message a list is moved, and empty after; an array must be left alone until it is sent.
 * @throws TypeError what can't be sent, or what has the delimiter in it.
 */
export function encodeDelimited(message: Sendable, delimiter: string | Uint8Array): BufferList {
  checkSendable('message', message);
  const end = delimiterBytes(delimiter);
  const frame = BufferList.from(message, end);
  const at = frame.indexOf(end);
  if (at === frame.length - end.length) return frame;
  if (message instanceof BufferList) message.append(frame.split(frame.length - end.length));
  throw new TypeError(`message: it has the delimiter at ${at}; allowed: bytes without it`);
}

function delimiterBytes(delimiter: string | Uint8Array): Uint8Array {
  checkSendable('delimiter', delimiter, 'a string, a Uint8Array');
  const bytes = typeof delimiter === 'string' ? Buffer.from(delimiter) : Uint8Array.from(delimiter);
  if (bytes.length === 0) throw new RangeError('delimiter: it is empty; allowed: at least 1 byte');
  return bytes;
}
