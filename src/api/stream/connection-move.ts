/** What a user gives a connection to another thread by. */
import type { Destination } from '../departure.js';
import type { WaitOptions } from '../waiting.js';

/** The ways of a connection out of this thread. */
export interface ConnectionMove {
  /**
   * Moves the connection to another thread, which has called `receiveConnections`. Bytes that the kernel holds and
   * bytes that were sent and still queue here go with it, and so does an ended write side; timeouts and handlers don't.
   * This object is of no more use, and `onClose` is not called. Aborting `options.signal` ends the wait alone.
   *
   * @param state what the other thread needs to go on, such as the beginning of a message: anything that can be cloned.
   * @returns a promise that resolves when the other thread has it.
   * @throws TypeError, RangeError (by the promise, as all) not a peer, or a state that can't be cloned or is too long:
   *   nothing has happened to the connection, as with the following.
   * @throws IoError EBADF: it is closed or being closed, or was moved before; EBUSY: a read or a transfer is under way.
   * @throws IoError EPIPE: that thread has ended. From here on the connection is closed.
   * @throws Error that thread receives no connections, or has no descriptor left.
   */
  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void>;
  /**
   * Gives a connection of a service (`runtime.listen`) back to it, for as long as it is idle: it costs no thread
   * anything, and with its next bytes, or their end, it comes to a thread's `receiveConnections` as if it were new.
   * That is this thread again, or with `accept: 'combined'` whichever is free first. Timeouts and handlers end here,
   * and this object is of no more use.
   *
   * @throws IoError EBADF: it is closed, being closed, or was moved before; EINVAL: it is of no service; EPIPE: its
   *   write side has ended; EBUSY: what was sent has not gone out, or a read or a transfer is under way.
   */
  park(): void;
}
