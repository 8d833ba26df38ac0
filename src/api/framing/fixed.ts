/** Messages of bytes that all have the same length. */
import type { BufferList } from '../../core/memory/buffer-list.js';
import { checkInteger, checkOptions, type OptionNames } from '../../base/arguments.js';
import { checkSource, type FrameSource } from './chunks.js';
import { FrameCutter } from './cutter.js';
import { Frames } from './frames.js';
import { checkFrameTimes, type FrameTimeOptions } from './framing-options.js';
import { FixedLength } from './length-prefix.js';

const FIXED_OPTIONS = { timeoutMs: 'other', signal: 'other' } as const satisfies OptionNames<FrameTimeOptions>;

/**
 * The bytes of a connection in pieces of `lengthBytes`, as buffer lists. `read()` takes one piece, such as the body behind a head
 * that said how long it is:
 *
 *     const body = await fixed(connection, contentLength).read();
 *
 * The reading fails with IoError ETIMEDOUT: a piece that takes longer than `timeoutMs`; EBADMSG: the stream ends within a piece.
 *
 * @param lengthBytes from 1; as much is kept in memory.
 * @throws TypeError, RangeError an argument that makes no sense.
 */
export function fixed(source: FrameSource, lengthBytes: number, options: FrameTimeOptions = {}): Frames<BufferList> {
  checkSource(source);
  checkInteger('lengthBytes', lengthBytes, 1, Number.MAX_SAFE_INTEGER);
  checkOptions(options, FIXED_OPTIONS);
  checkFrameTimes(options);
  const { timeoutMs = 0, signal } = options;
  return new Frames(source, new FrameCutter(new FixedLength(lengthBytes)), { what: 'fixed', timeoutMs, signal });
}
