/** Messages of bytes that all have the same length. */
import type { BufferList } from '../../core/memory/buffer-list.js';
import { checkInteger } from '../../base/arguments.js';
import { valuesOf } from '../../base/options.js';
import { checkSource, type FrameSource } from './chunks.js';
import { FrameCutter } from './cutter.js';
import { Frames } from './frames.js';
import { FRAME_TIME_OPTIONS, type FrameTimeOptions } from './framing-options.js';
import { FixedLength } from './length-prefix.js';

/**
 * The bytes of a connection in pieces of `lengthBytes`, as buffer lists. `read()` takes one piece, such as the body
 * behind a head that said how long it is:
 *
 *     const body = await fixed(connection, contentLength).read();
 *
 * The reading fails with IoError ETIMEDOUT: a piece that takes longer than `timeoutMs`; EBADMSG: the stream ends within
 * a piece.
 *
 * @param lengthBytes from 1; as much is kept in memory.
 * @throws TypeError, RangeError an argument that makes no sense.
 */
export function fixed(source: FrameSource, lengthBytes: number, options: FrameTimeOptions = {}): Frames<BufferList> {
  checkSource(source);
  checkInteger('lengthBytes', lengthBytes, 1, Number.MAX_SAFE_INTEGER);
  const { timeoutMs, signal } = valuesOf(FRAME_TIME_OPTIONS, options);
  return new Frames(source, new FrameCutter(new FixedLength(lengthBytes)), { what: 'fixed', timeoutMs, signal });
}
