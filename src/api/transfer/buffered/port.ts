/** What a transfer by buffers needs of its ends, where the kernel can't move the bytes: one end has TLS. */
import type { BufferList } from '../../../core/memory/buffer-list.js';

/** Where the bytes of one transfer come from. */
export interface BufferedSource {
  /** From here on nobody else reads. @throws what is wrong with the end: no byte has moved. */
  begin(): void;
  /**
   * Waits until there are bytes to take, or none will come any more.
   *
   * @param mostBytes more are not needed. @throws what the source broke with; the signal's reason.
   */
  ready(mostBytes: number, signal: AbortSignal): Promise<void>;
  /**
   * What is ready, until then the end's own.
   * @returns at most so many bytes, in a list that the caller owns; null at the end.
   */
  take(mostBytes: number): BufferList | null;
  /** The transfer is over: the end is the user's again, with what was not taken. */
  finish(): void;
}

/** Where the bytes of one transfer go to. */
export interface BufferedSink {
  /**
   * Asks for a turn to write, behind what was sent before.
   *
   * @param onBroken the end is closed: nothing can be written any more.
   * @returns a promise of the turn. @throws what is wrong with the end: no byte has moved.
   */
  takeTurn(onBroken: (failure: Error) => void): Promise<void>;
  /**
   * In its turn.
   * @param bytes moved.
   * @returns a promise that resolves when the sink has them.
   * @throws what it broke with.
   */
  write(bytes: BufferList): Promise<void>;
  /** The transfer is over: what was given to `write` still goes out. */
  finish(): void;
}

/** An end of transfers that are made by buffers. */
export interface BufferedPort {
  /** Why the kernel can't move its bytes; undefined if it could. */
  readonly why: string | undefined;
  readonly isClosed: boolean;
  /** The kernel's number, for looking whether the peer takes bytes; -1 once closed. */
  readonly ownFd: number;
  /** @param name what the user calls the end, for messages. */
  source(name: string): BufferedSource;
  sink(name: string): BufferedSink;
  /** The peer's end behind all that was sent. */
  end(): void;
  reset(failure: Error): void;
}

/** Under which a connection of another kind keeps its port. */
export const bufferedPort = Symbol.for('pollux buffered port');

/** A connection that transfers move through buffers: a `SecureConnection` of `pollux/node`. */
export interface BufferedEnd {
  /** What moves its bytes. */
  readonly [bufferedPort]: BufferedPort;
}

export function isBuffered(end: unknown): end is BufferedEnd {
  return typeof end === 'object' && end !== null && bufferedPort in end;
}
