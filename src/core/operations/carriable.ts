/** Operations that a ring can carry, as it sees them. */
import type { BufferList } from '../memory/buffer-list.js';
import type { Operation } from './operation.js';

/** Receiving, continuously. */
export interface CarriableReceive extends Operation {
  readonly owner: { onReceived(chunk: BufferList): void; onStarved(): void; onLeftOver?(chunk: BufferList): void };
  /** The stream is over. @param code 0: the peer sent its last byte; an errno: what it broke with. */
  endBy(code: number, fd: number): void;
}

/** Sending a queue. */
export interface CarriableSend extends Operation {
  readonly queue: BufferList;
  readonly owner: { onSendProgress(): void };
  /** The kernel has taken bytes from the front. */
  sent(lengthBytes: number): void;
  /** What was asked for and has not been tried is tried, by a call, before it is given up. */
  tryOnce(fd: number): void;
  breakBy(code: number, fd: number): void;
}
