/** The write side of a Node socket, lent to a transfer of Pollux: one descriptor in two loops, and Node closes it. */
import type { Socket } from 'node:net';
import { currentReactor } from '../api/thread-reactor.js';
import type { Descriptor } from '../core/operations/operation.js';
import type { WriteSide, WriteTurn } from '../core/operations/write-turns.js';
import { AsyncScope } from '../core/reactor/async-scope.js';
import { IoError } from '../sys/ffi/io-error.js';

/** What Node's sockets have, and do not show. */
interface Innards {
  readonly _handle: { readonly fd: number };
  /** Puts the timeout of `socket.setTimeout` off. */
  _unrefTimer(): void;
  _destroy(error: Error | null, callback: (error?: Error | null) => void): void;
}

/** The transfers that have the write sides of sockets now; a socket stays in it once it has been lent. */
const borrowers = new WeakMap<Socket, { current: LentSocket | undefined }>();

/**
 * Node goes on reading from the socket: libuv watches it for that in a poll set of its own. What Node is given to write
 * meanwhile is held back. When the socket is destroyed, the transfer is told before Node closes the descriptor.
 */
export class LentSocket implements WriteSide {
  readonly reactor = currentReactor();
  readonly isSocket = true;

  private readonly innards: Innards;
  private descriptor: Descriptor | undefined = undefined;
  private turn: WriteTurn | undefined = undefined;

  /** @param socket of TCP or a Unix path, with nothing to write. */
  constructor(private readonly socket: Socket) {
    this.innards = socket as unknown as Innards;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  get ownFd(): number {
    return this.innards._handle.fd;
  }

  checkTurn(): void {
    if (this.socket.destroyed || !this.socket.writable) {
      throw new IoError('EPIPE', 'sendfile', 'response', 'the connection is closed, or its write side was ended');
    }
  }

  takeTurn(turn: WriteTurn): void {
    this.checkTurn();
    this.turn = turn;
    this.socket.cork();
    borrowerOf(this.socket).current = this;
    this.reactor.enter(true);
    this.descriptor = this.reactor.driver.add(this.ownFd, new AsyncScope('POLLUX_LENT_SOCKET'));
    turn.begin(this.descriptor);
  }

  endTurn(turn: WriteTurn): void {
    if (turn !== this.turn) return;
    this.release();
    this.socket.uncork();
  }

  onTurnProgress(): void {
    if (!this.socket.destroyed) this.innards._unrefTimer();
  }

  /** Bytes were promised that will not come: the client sees the end of the connection in their place. */
  breakTurn(failure: Error): void {
    const { turn } = this;
    this.release();
    this.socket.destroy();
    turn?.broken(failure);
  }

  /** Node is about to close the descriptor. */
  onDestroy(error: Error | null): void {
    const { turn } = this;
    this.release();
    turn?.broken(error ?? new IoError('ECONNRESET', 'sendfile', 'response', 'the connection was closed meanwhile'));
  }

  private release(): void {
    if (this.descriptor === undefined) return;
    this.turn = undefined;
    borrowerOf(this.socket).current = undefined;
    this.reactor.driver.remove(this.descriptor);
    this.descriptor = undefined;
    this.reactor.leave(true);
  }
}

/** Has Node tell the borrower of a socket before it closes it, from the first time that the socket is lent. */
function borrowerOf(socket: Socket): { current: LentSocket | undefined } {
  const known = borrowers.get(socket);
  if (known !== undefined) return known;
  const borrower: { current: LentSocket | undefined } = { current: undefined };
  borrowers.set(socket, borrower);
  const innards = socket as unknown as Innards;
  const destroy = innards._destroy;
  // Never taken off again: each change of the socket's properties costs.
  innards._destroy = (error, callback) => {
    borrower.current?.onDestroy(error);
    destroy.call(innards, error, callback);
  };
  return borrower;
}
