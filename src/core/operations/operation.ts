/**
 * An operation: one thing to do with a descriptor, by whatever engine the driver is. It is declared once; what a
 * readiness engine needs of it is `attempt`, and what a ring needs stands beside it in those that a ring can carry. And
 * the descriptor, in whose queues operations wait.
 */
import { READABLE, WRITABLE, type Interest } from '../../backends/contract.js';
import { NO_TOKEN, type Token } from '../../base/token.js';
import type { AsyncScope } from '../reactor/async-scope.js';

/** Nothing was done, the call would have blocked: wait until the descriptor is ready in this direction. */
export const WAIT = 0;
/** Something was done and there may be more: ask again, after the others had their turn. */
export const AGAIN = 1;
/** Over, well or badly. */
export const DONE = 2;
export type Outcome = typeof WAIT | typeof AGAIN | typeof DONE;

export type Direction = 'read' | 'write';

/**
 * The life of an operation. `cancel` and `remove` work in each state, and what they took off is not told any more.
 *
 *     IDLE      never submitted, or taken off
 *     TRYING    in its descriptor's queue, in its first attempt, within `submit`
 *     WAITING   in its descriptor's queue, to be attempted
 *     FINISHED  over, and still in its descriptor's queue until the turn tells its owner
 *     TOLD      its owner knows; it may be submitted again
 */
export const IDLE = 0;
export const TRYING = 1;
export const WAITING = 2;
export const FINISHED = 3;
export const TOLD = 4;
export type OperationState = typeof IDLE | typeof TRYING | typeof WAITING | typeof FINISHED | typeof TOLD;

/** What carries an operation in the kernel, so that no call is made for it. */
export interface Carrier {
  /**
   * Takes the operation back from the kernel, and waits for that. What it has done by then is in the operation, which
   * goes on by attempts.
   */
  recall(): void;
}

export abstract class Operation {
  /** Next in the descriptor's queue for this direction. Owned by the driver. */
  next: Operation | undefined = undefined;
  /** In whose queue it is; undefined when it is in none. Owned by the driver. */
  descriptor: Descriptor | undefined = undefined;
  /** Owned by the driver. */
  state: OperationState = IDLE;
  /** Undefined: it goes by attempts. Owned by the driver. */
  carrier: Carrier | undefined = undefined;

  /** Whether a ring may carry it when it is started: then it is a CarriableReceive. */
  get isCarriable(): boolean {
    return false;
  }

  /** Whether it ends where the user watches the descriptor: it is a look-out that its owner can do without. */
  get yieldsToWatch(): boolean {
    return false;
  }

  /** Whether nothing is waited for in its direction where it is over: others are followed by their like. */
  get happensOnce(): boolean {
    return false;
  }

  abstract readonly direction: Direction;

  /** What it waits for where its call would have blocked: its own direction, if it does not say otherwise. */
  get interest(): Interest {
    return READABLE | WRITABLE;
  }

  /** Whether it is under way. What is FINISHED may be submitted anew: its end is not told then. */
  get isWaiting(): boolean {
    return this.state === WAITING || this.state === TRYING;
  }

  /**
   * Does as much as is possible and fair now. A continuous operation hands what it got to its owner from here; so after
   * that it must look whether it is still wanted (`descriptor`).
   */
  abstract attempt(fd: number): Outcome;

  /**
   * Tells the owner that the operation is over. Called in the turn after `attempt` answered DONE, never by `submit`.
   */
  abstract complete(): void;

  /**
   * It was taken off, under way or FINISHED: the descriptor goes, or the owner cancelled. The owner is not told, it did
   * this itself. What was received already and not told is here to be kept or given back.
   */
  cancelled(): void {
    // Most operations hold nothing that has to be given back.
  }

  /**
   * Ends it in place of the system: the kernel refused to watch the descriptor, or reports it over and over.
   */
  abstract fail(error: Error): void;
}

/**
 * What is known of a descriptor since it was opened, so that the system need not be asked again:
 *
 *     own        a socket of accept or connect, whose number nothing outside Pollux knows
 *     closing    as own, and the close follows at once: it takes the kernel's registration along
 *     shared     a socket whose number is known elsewhere too, so a duplicate of it may live on after the close
 *     exclusive  as shared, and of the threads that wait for it one is to be woken
 *     pipe       no socket
 */
export type Origin = 'own' | 'closing' | 'shared' | 'exclusive' | 'pipe';

/** The driver's record of one descriptor: what waits on it in either direction, and what is asked of the backend. */
export class Descriptor {
  /** Queues, first in first out; `undefined` is an empty one. */
  reads: Operation | undefined = undefined;
  writes: Operation | undefined = undefined;
  /** The backend's registration; NO_TOKEN until an operation had to wait. */
  token: Token = NO_TOKEN;
  /** The user's object that has it, for snapshots and inspection. */
  owner: object | undefined = undefined;
  /** `interest` and `maybeReady`, a byte each: a server has many descriptors. */
  private sets = 0;

  constructor(
    readonly fd: number,
    /** In which the callbacks of its owner run. */
    readonly scope: AsyncScope,
    public origin: Origin = 'shared',
  ) {}

  /** What the backend was last asked for. */
  get interest(): Interest {
    return this.sets & 0xff;
  }

  set interest(interest: Interest) {
    this.sets = (this.sets & ~0xff) | interest;
  }

  /**
   * Edge mode: directions that may be ready as far as anybody knows. A direction leaves the set when a call on it would
   * have blocked, and comes back with an event. LISTED is in it while the descriptor stands in the driver's list of
   * those that the next dispatch tries.
   */
  get maybeReady(): number {
    return this.sets >> 8;
  }

  set maybeReady(maybeReady: number) {
    this.sets = (this.sets & 0xff) | (maybeReady << 8);
  }
}
