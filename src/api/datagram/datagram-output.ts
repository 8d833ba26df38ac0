/** What a user sends datagrams by. */
import type { Sendable } from '../socket/sendable.js';
import type { WaitOptions } from '../waiting.js';
import type { DatagramTarget } from './target.js';

/** The outbound direction of a datagram socket. */
export interface DatagramOutput {
  /** There is room again after `trySend` had answered false. @throws TypeError no function. */
  get onDrain(): (() => void) | undefined;
  set onDrain(handler: (() => void) | undefined);
  /** Datagrams that the kernel has taken. */
  readonly sent: number;
  /** Bytes that wait to be sent, with 256 for each datagram. */
  readonly queuedBytes: number;
  /**
   * Gives a datagram to the kernel, whole or not at all: the path without promises. A BufferList that was taken is
   * empty after; otherwise it is as it was. An array is yours again at once.
   *
   * @param to left out for the peer of `connect`.
   * @returns false when there is no room, and nothing has happened: `onDrain` tells when to try again.
   * @throws IoError EMSGSIZE: it is too long; ECONNREFUSED: nobody is there (a Unix socket), or nobody received an
   *   earlier datagram (UDP; this one was not sent, and the socket goes on); ENETUNREACH, EHOSTUNREACH, ENOENT and what
   *   else the system says of it; EBADF: the socket is closed; EISCONN: `to`, although the socket is connected.
   * @throws TypeError, RangeError something that can't be sent, or no place to send it to.
   */
  trySend(data: Sendable, to?: DatagramTarget): boolean;
  /**
   * `trySend` that waits for room: resolves when the kernel has taken the datagram. Those that wait go in the order of
   * the calls, and count towards `maxQueuedBytes`. What has to wait is copied, and a BufferList is moved.
   *
   *     await socket.send('position 7', to, { signal });
   *
   * @param options aborting its `signal` takes the datagram back: it is not sent.
   * @throws as `trySend`, by the promise; IoError ENOBUFS: too much waits already; ECANCELED: the socket is closed
   *   before it could go; ETIMEDOUT: so it was after `closeTimeoutMs`.
   */
  send(data: Sendable, to?: DatagramTarget, options?: WaitOptions): Promise<void>;
}
