/** The read side of a connection in the hands of a transfer: what arrives goes to it and to nobody else. */
import type { BufferList } from '../memory/buffer-list.js';
import type { Descriptor } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

export interface ReadTurn {
  /** What its user calls the connection, for messages: 'a', 'source'. */
  readonly sourceName: string;
  /**
   * The connection reads itself from now on: the turn takes no byte any more. `sourceClosed` follows later in the turn.
   */
  readsTaken(): void;
  /** The connection was closed, or is being closed: its side is taken back. */
  sourceClosed(failure: Error): void;
}

/** Something that has a read side: a connection. */
export interface ReadEnd {
  readonly reads: ReadSide;
}

/** The read side of a connection, as the one who has borrowed it sees it. */
export interface ReadSide {
  readonly reactor: Reactor;
  readonly isClosed: boolean;
  /** The kernel's number, for calls of Pollux's own; -1 once closed. */
  readonly ownFd: number;
  readonly isSocket: boolean;
  /** The peer's FIN has been read already. */
  readonly hasPeerEnded: boolean;
  /**
   * Takes the read side over.
   *
   * @throws Error it is being read by `onData`, a read under way or another transfer, or it is closed.
   */
  borrowReads(turn: ReadTurn): Descriptor;
  /** The turn takes nothing for now: the connection looks out for its peer itself, and tells the turn of a reset. */
  restReads(turn: ReadTurn): void;
  /** The turn goes on. */
  resumeReads(turn: ReadTurn): void;
  /** Whether bytes were received before anybody read them. */
  readonly hasUnread: boolean;
  /**
   * Takes bytes that were received before anybody read them; they come before what the kernel has.
   *
   * @returns undefined if there are none. Where there are some of a closed connection, `hasPeerEnded` holds.
   */
  takeUnread(mostBytes: number): BufferList | undefined;
  /** Gives the read side back to the user. Nothing if the turn does not have it. */
  returnReads(turn: ReadTurn): void;
  /** The transfer has taken bytes. */
  onTurnArrival(lengthBytes: number): void;
  /** The stream can't go on: resets the connection, which tells the turn. */
  breakTurn(failure: Error): void;
  /** The transfer has met the end of the stream, or what it broke with: the connection is closed then. */
  onTurnEnd(failure: Error | undefined): void;
}
