/**
 * The read side of a connection, as transfers see it: one of them has it at a time, and what arrives goes to that one
 * alone.
 */
import type { BufferList } from '../../../core/memory/buffer-list.js';
import type { Descriptor } from '../../../core/operations/operation.js';
import type { ReadSide, ReadTurn } from '../../../core/operations/read-turn.js';
import type { Reactor } from '../../../core/reactor/reactor.js';
import { cancelled } from './connection-parts.js';
import { delivers, isOver } from './connection-states.js';
import type { ConnectionView } from '../connection-view.js';
import type { PeerWatch } from './peer-watch.js';

/** The inbound half, as one who lends it sees it. */
export interface Lender {
  readonly connection: ConnectionView;
  bytesReceived: number;
  readonly hasPeerEnded: boolean;
  readonly hasUnread: boolean;
  needPeerWatch(): PeerWatch;
  checkFree(call: string, name?: string): void;
  checkNothingLost(): void;
  takeOut(mostBytes: number): BufferList | undefined;
  updateReceiving(): void;
  onArrival(lengthBytes: number): void;
  onReceiveEnd(failure: Error | undefined): void;
}

export class BorrowedReads implements ReadSide {
  private borrower: ReadTurn | undefined = undefined;

  constructor(private readonly half: Lender) {}

  /** Whether a transfer has the read side. */
  get isLent(): boolean {
    return this.borrower !== undefined;
  }

  get reactor(): Reactor {
    return this.half.connection.reactor;
  }

  get isClosed(): boolean {
    return isOver(this.half.connection.state);
  }

  get ownFd(): number {
    return this.half.connection.ownFd;
  }

  get isSocket(): boolean {
    return this.half.connection.isSocket;
  }

  get hasPeerEnded(): boolean {
    return this.half.hasPeerEnded;
  }

  get hasUnread(): boolean {
    return this.half.hasUnread;
  }

  borrowReads(turn: ReadTurn): Descriptor {
    const { half } = this;
    const { state, failure, descriptor } = half.connection;
    if (!delivers(state)) throw failure ?? cancelled('read', descriptor, turn.sourceName);
    half.checkFree('read', turn.sourceName);
    half.checkNothingLost();
    this.borrower = turn;
    half.updateReceiving();
    half.needPeerWatch().stop();
    return descriptor;
  }

  restReads(turn: ReadTurn): void {
    if (this.borrower === turn) this.half.needPeerWatch().watch();
  }

  resumeReads(turn: ReadTurn): void {
    if (this.borrower === turn) this.half.needPeerWatch().stop();
  }

  takeUnread(mostBytes: number): BufferList | undefined {
    const { half } = this;
    const bytes = half.takeOut(mostBytes);
    half.bytesReceived -= bytes?.length ?? 0; // The turn counts them.
    return bytes;
  }

  returnReads(turn: ReadTurn): void {
    if (this.borrower !== turn) return;
    this.borrower = undefined;
    this.half.updateReceiving();
  }

  onTurnArrival(lengthBytes: number): void {
    this.half.onArrival(lengthBytes);
  }

  onTurnEnd(failure: Error | undefined): void {
    this.half.onReceiveEnd(failure);
  }

  breakTurn(failure: Error): void {
    this.half.connection.reset(failure);
  }

  /** The connection needs its read side itself: the transfer that has it is told the end later in the turn. */
  takeBack(): void {
    const { borrower } = this;
    if (borrower === undefined) return;
    this.borrower = undefined;
    borrower.readsTaken();
    const failure = cancelled('read', this.half.connection.descriptor, borrower.sourceName);
    this.reactor.defer({ onDeferred: () => borrower.sourceClosed(failure) });
  }

  tellClosed(failure: Error | undefined): void {
    const { borrower } = this;
    this.borrower = undefined;
    borrower?.sourceClosed(failure ?? cancelled('read', this.half.connection.descriptor, borrower.sourceName));
  }
}
