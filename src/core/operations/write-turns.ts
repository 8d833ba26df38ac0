/**
 * The order of writers on a connection where transfers write beside `send`. What `send` took before a transfer began
 * goes before it and what it takes meanwhile goes after it; one writes at a time. A connection has this only while it
 * lasts.
 */
import type { BufferList } from '../memory/buffer-list.js';
import type { Send } from './send.js';
import type { Descriptor } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

/** Something that writes to a connection by itself when its turn comes. */
export interface WriteTurn {
  /** What its user calls the connection, for messages: 'b', 'target'. */
  readonly sinkName: string;
  /** Bytes that the kernel has taken. */
  readonly bytesSent: number;
  /** Bytes that it holds in memory. */
  readonly queuedBytes: number;
  /** It is not the peer that it waits for, but its own user, a disk, or its pace. */
  readonly isHeld: boolean;
  /**
   * Everything before it is with the kernel. It tells its connection the end by `endTurn`, which may be within this
   * call.
   */
  begin(descriptor: Descriptor): void;
  /** The connection is closed; its turn is over or will not come. */
  broken(failure: Error): void;
  /**
   * An orderly close of the connection waits for its turns. For one that is not to be waited for, since it may last for
   * ever.
   */
  sinkClosing?(failure: Error): void;
}

/** Something that has a write side: a connection. */
export interface WriteEnd {
  readonly writes: WriteSide;
}

/** The write side of a connection, as one who takes a turn there sees it. */
export interface WriteSide {
  readonly reactor: Reactor;
  readonly isClosed: boolean;
  /** The kernel's number, for calls of Pollux's own; -1 once closed. */
  readonly ownFd: number;
  readonly isSocket: boolean;
  /**
   * Whether a turn can be taken, for one who has to know before bytes change hands.
   *
   * @param name what the user calls the connection.
   * @throws IoError EPIPE: nothing can be written any more; ENOBUFS: too many wait, or too much. RangeError too much at
   *   once.
   */
  checkTurn(name: string, queuedBytes: number): void;
  /** @throws as `checkTurn`; the turn was not taken then. */
  takeTurn(turn: WriteTurn): void;
  /**
   * The turn is over, or given up before it came.
   *
   * @param rest what the turn leaves behind, moved out of the list: it is sent in its place.
   */
  endTurn(turn: WriteTurn, rest?: BufferList): void;
  /** Bytes have gone, or `isHeld` has changed. */
  onTurnProgress(): void;
  /** The stream can't go on: resets the connection, which tells every turn. */
  breakTurn(failure: Error): void;
}

/** Submits what a Send has queued. @returns whether all of it went. */
export type Submit = (sender: Send) => boolean;

export class WriteTurns {
  private readonly line: (Send | WriteTurn)[] = [];
  private hasBegun = false;
  private isRunning = false;

  constructor(
    private readonly descriptor: Descriptor,
    private readonly submit: Submit,
  ) {}

  /** @param one a turn, or what the connection has queued for `send` until now. */
  add(one: Send | WriteTurn): void {
    this.line.push(one);
  }

  get length(): number {
    return this.line.length;
  }

  /** Bytes in memory that wait in the line. */
  get queuedBytes(): number {
    let total = 0;
    for (const one of this.line) total += isSend(one) ? one.queue.length : one.queuedBytes;
    return total;
  }

  get bytesSent(): number {
    return this.line.reduce((total, { bytesSent }) => total + bytesSent, 0);
  }

  /** Whether the one who writes now has chosen to wait. */
  get isHeld(): boolean {
    const head = this.line[0];
    return head !== undefined && !isSend(head) && this.hasBegun && head.isHeld;
  }

  /** Lets the line move on as far as it does without waiting. @returns bytes that those who are done have sent. */
  advance(): number {
    // One that is over at once ends its turn within `begin`: the loop goes on, however many there are.
    if (this.isRunning) return 0;
    this.isRunning = true;
    let retired = 0;
    try {
      for (let head = this.line[0]; head !== undefined; head = this.line[0]) {
        if (!isSend(head)) {
          if (this.hasBegun) break;
          this.hasBegun = true;
          head.begin(this.descriptor);
          continue;
        }
        if (head.descriptor !== undefined) break;
        if (head.queue.length > 0 && !this.submit(head)) break;
        if (this.line[0] !== head) break;
        retired += head.bytesSent;
        this.line.shift();
      }
    } finally {
      this.isRunning = false;
    }
    return retired;
  }

  /** Takes a turn out, wherever it stands. @param rest stands there in its place. @returns whether it was there. */
  remove(turn: WriteTurn, rest?: Send): boolean {
    const index = this.line.indexOf(turn);
    if (index < 0) return false;
    if (index === 0) this.hasBegun = false;
    if (rest === undefined) this.line.splice(index, 1);
    else this.line[index] = rest;
    return true;
  }

  /** Those in the line, the one that has begun first. */
  turns(): WriteTurn[] {
    return this.line.filter(one => !isSend(one)) as WriteTurn[];
  }

  /** The connection is closed: drops what is queued. @returns the turns, for being told. */
  drop(): WriteTurn[] {
    const turns = this.turns();
    for (const one of this.line.splice(0)) if (isSend(one)) one.queue.release();
    return turns;
  }
}

function isSend(one: Send | WriteTurn): one is Send {
  return 'queue' in one;
}
