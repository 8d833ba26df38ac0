/** What the framings have in common: bounds of size and time, and the errors of messages that break them. */
import { IoError } from '../../sys/ffi/io-error.js';
import { abortSignal, integer, milliseconds, type OptionTable } from '../../base/options.js';

/** How long a frame may take. */
export interface FrameTimeOptions {
  /**
   * How long the bytes of one message may take, in milliseconds, from its first byte to its last: ETIMEDOUT. Each byte
   * does not start it anew. 0, the default, is never.
   */
  readonly timeoutMs?: number;
  /**
   * Aborting it ends the reading of messages with its reason. No byte is lost: the next reader gets the unfinished
   * message too.
   */
  readonly signal?: AbortSignal;
}

/** Options that all framings have. */
export interface FrameOptions extends FrameTimeOptions {
  /** Most bytes of one message, without what frames it: EMSGSIZE. Default 64 KiB. */
  readonly maxBytes?: number;
}

export const FRAME_TIME_OPTIONS = {
  timeoutMs: milliseconds(0),
  signal: abortSignal(),
} satisfies OptionTable<FrameTimeOptions>;

export const FRAME_OPTIONS = {
  ...FRAME_TIME_OPTIONS,
  maxBytes: integer(1, Number.MAX_SAFE_INTEGER, 64 * 1024),
} satisfies OptionTable<FrameOptions>;

/** @param what the function that cuts, such as `lines`. */
export function tooLong(what: string, maxBytes: number): IoError {
  return new IoError('EMSGSIZE', what, undefined, `a message is longer than maxBytes (${maxBytes})`);
}

export function cutShort(what: string, lengthBytes: number): IoError {
  const explanation = `the stream ended within a message, of which ${lengthBytes} bytes had arrived`;
  return new IoError('EBADMSG', what, undefined, explanation);
}

export function tooSlow(what: string, timeoutMs: number): IoError {
  return new IoError('ETIMEDOUT', what, undefined, `a message was not complete ${timeoutMs} ms after its first byte`);
}
