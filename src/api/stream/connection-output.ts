/** What a user writes to a connection by. */
import type { Sendable } from '../socket/sendable.js';
import type { WaitOptions } from '../waiting.js';

/** The outbound direction of a connection. */
export interface ConnectionOutput {
  /** The queue has sunk to the low-water mark after `send` had answered false. @throws TypeError no function. */
  get onDrain(): (() => void) | undefined;
  set onDrain(handler: (() => void) | undefined);
  /** Bytes in memory that the kernel has not taken yet: those of `send`, and what goes before and after a file. */
  readonly queuedBytes: number;
  /** Bytes that the kernel took, those of transfers included. */
  readonly bytesSent: number;
  /**
   * Sends: the path without promises. What the kernel takes at once goes at once; the rest is queued. Bytes and strings
   * are copied if they have to wait, so they are yours again when this returns; a BufferList is moved, and empty after.
   *
   * @returns false when the queue has reached its high-water mark: wait for `onDrain` before sending more. Also false
   *   once the stream broke, which `onClose` tells.
   * @throws TypeError something that can't be sent.
   * @throws RangeError more in one piece than the queue may ever hold.
   * @throws IoError EPIPE after `end` or `close`; ENOBUFS when back-pressure was ignored up to the queue's ceiling.
   */
  send(data: Sendable): boolean;
  /**
   * `send` for those who await: resolves when more may be sent, at once if the queue is short.
   *
   *     await connection.write(row, { signal });
   *
   * @param options aborting its `signal` ends the wait alone: what was given is queued, stays so and is sent. A byte
   *   stream could not go on without it. `destroy` drops what is queued.
   * @throws as `send`, by the promise; and what the stream broke with while it waited.
   */
  write(data: Sendable, options?: WaitOptions): Promise<void>;
}
