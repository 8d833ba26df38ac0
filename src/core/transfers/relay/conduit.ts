/** What bytes pass through on their way from one descriptor to another. It holds what the sink has not taken yet. */
import type { StreamCalls } from '../../../sys/socket/stream.js';
import type { BufferList } from '../../memory/buffer-list.js';

export interface Conduit {
  /** Bytes taken from the source that the sink has not taken. */
  readonly heldBytes: number;
  /** The calls that failed last, for errors: of `fill` and `drain`. */
  readonly fillName: string;
  readonly drainName: string;
  /**
   * Takes bytes of the source. Only when it holds none: so "would block" can only mean that the source has none.
   *
   * @returns how many, 0 at the end of the stream, -1 with `errno`.
   */
  fill(fd: number, source: StreamCalls, mostBytes: number): number;
  /**
   * Gives what is held to the sink. Only when there is something: so "would block" can only mean that the sink is full.
   *
   * @returns how many bytes, -1 with `errno`.
   */
  drain(fd: number, sink: StreamCalls): number;
  /** errno of the call that failed last. */
  readonly errno: number;
  /** Moves what is held to the end of a list. @returns calls that this took. */
  empty(into: BufferList): number;
  /** Gives back whatever was borrowed; what is held is dropped. */
  release(): void;
}
