/** What a user connects, closes and moves a datagram socket by. */
import type { Destination } from '../departure.js';
import type { LookUpBounds } from '../socket/look-up-bounds.js';
import type { EndOptions, WaitOptions } from '../waiting.js';
import type { DatagramTarget } from './target.js';

/** The peer of a datagram socket, and its end. */
export interface DatagramEnd extends AsyncDisposable {
  /**
   * Fixes the peer: `send` goes there without `to`, nobody else's datagrams are received from here on, and that nobody
   * is there is told (see `onError`). connect(2). Called again it takes another peer.
   *
   * @param to an address, or for UDP a name, with bounds for looking it up.
   * @throws TypeError, RangeError (by the promise, as all) no such place.
   * @throws IoError EBUSY: datagrams wait to be sent; ENOTFOUND, ENETUNREACH, and for Unix sockets ENOENT,
   *   ECONNREFUSED, EACCES; EBADF: it is closed; ETIMEDOUT: the name server did not answer within `timeoutMs`.
   * @throws whatever `signal` was aborted with.
   */
  connect(to: DatagramTarget & LookUpBounds): Promise<void>;
  /**
   * Receives no more, sends what waits to be sent, for `closeTimeoutMs` at most, and closes.
   *
   * @param options aborting its `signal` ends the wait; it is closed all the same.
   * @returns a promise that resolves when the descriptor is closed. What could not be sent is told by its own `send`.
   */
  close(options?: EndOptions): Promise<void>;
  /** Closes at once. What waits to be sent is dropped. */
  destroy(): void;
  /**
   * Moves the socket to another thread, which has called `receiveDatagrams`. Datagrams that the kernel holds are
   * received there, and those that wait to be sent go along and are sent there, in order: their `send`s resolve with
   * the move. A `receive` that waits fails with ECANCELED, an iteration ends. This object is of no more use.
   *
   * @param state what the other thread needs to go on: anything that can be cloned.
   * @param options aborting its `signal` later ends the wait; the socket moves all the same.
   * @returns a promise that resolves when the other thread has it.
   * @throws TypeError, RangeError (by the promise, as all) not a peer, or a state that can't be cloned or is too long:
   *   nothing has happened to the socket.
   * @throws IoError EBADF: it is closed or being closed, or was moved before; EPIPE: that thread has ended, and the
   *   socket is closed. What waited to be sent fails with the same.
   * @throws Error that thread receives no datagram sockets, and the socket is closed.
   */
  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void>;
}
