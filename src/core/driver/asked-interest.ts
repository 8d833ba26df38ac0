/**
 * What the backend is asked to watch for each descriptor: what its queues need, and never the same twice. In edge mode
 * it is asked once, for both directions.
 */
import { PRIORITY, READABLE, WRITABLE, type Backend, type Interest } from '../../backends/contract.js';
import { NO_TOKEN } from '../../base/token.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Descriptor } from '../operations/operation.js';
import type { FinishedOperations } from './finished-operations.js';
import { BOTH, type ReactorMode } from './mode.js';
import { firstWaiting, waitsForPriority } from './operation-queue.js';
import type { ReadyList } from './ready-list.js';
import type { Registered } from './registered.js';

export interface AskedInterestParts {
  readonly backend: Backend;
  readonly mode: ReactorMode;
  readonly registered: Registered;
  /** Edge mode: what is to be tried without an event. */
  readonly listed: ReadyList;
  readonly finished: FinishedOperations;
}

export class AskedInterest {
  private readonly backend: Backend;
  private readonly mode: ReactorMode;
  private readonly registered: Registered;
  private readonly listed: ReadyList;
  private readonly finished: FinishedOperations;

  constructor({ backend, mode, registered, listed, finished }: AskedInterestParts) {
    this.backend = backend;
    this.mode = mode;
    this.registered = registered;
    this.listed = listed;
    this.finished = finished;
  }

  /** A call on the descriptor would have blocked: it is not ready in that direction any more. */
  blocked(descriptor: Descriptor, direction: Interest): void {
    descriptor.maybeReady &= ~direction;
    if (this.mode === 'edge' && descriptor.token !== NO_TOKEN) this.backend.wouldBlock(descriptor.token, direction);
  }

  /**
   * As `ask`, where nobody can be answered: what the backend refuses to watch for ends with its refusal. Urgent data is
   * what some have no filter for (kqueue of FreeBSD), and the rest is watched all the same.
   */
  askOn(descriptor: Descriptor, idle = 0): void {
    try {
      this.ask(descriptor, idle);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      if (waitsForPriority(descriptor.reads)) {
        this.finished.failQueue(descriptor, READABLE, error);
        this.askOn(descriptor, idle | READABLE);
      } else {
        this.finished.failAll(descriptor, error);
      }
    }
  }

  /**
   * Asks the backend for what the queues need: with edges once for both directions, otherwise for just that.
   *
   * @param idle directions in which an event has found nobody.
   */
  ask(descriptor: Descriptor, idle = 0): void {
    const reading = firstWaiting(descriptor.reads);
    const writing = firstWaiting(descriptor.writes);
    let needed =
      (reading === undefined || reading.carrier !== undefined ? 0 : reading.interest & ~WRITABLE) |
      (writing === undefined || writing.carrier !== undefined ? 0 : WRITABLE);
    if (this.mode === 'edge') {
      const wanted = BOTH | (needed & PRIORITY);
      if (descriptor.token !== NO_TOKEN && wanted !== descriptor.interest) this.modify(descriptor, wanted);
      if (needed === 0) return;
      if (descriptor.token === NO_TOKEN) this.register(descriptor, wanted);
      if ((needed & descriptor.maybeReady) !== 0) this.listed.add(descriptor);
      return;
    }
    // What had to wait once will soon again, or the descriptor is closed. So the interest stays until an event finds
    // nobody.
    needed |= descriptor.interest & ~idle & (descriptor.writes?.happensOnce === true ? READABLE : BOTH);
    // An interest in bytes reports the end as well.
    if ((needed & READABLE) !== 0) needed &= ~PRIORITY;
    if (needed === descriptor.interest) return;
    if (descriptor.token === NO_TOKEN) {
      this.register(descriptor, needed);
      return;
    }
    this.modify(descriptor, needed);
  }

  private modify(descriptor: Descriptor, interest: Interest): void {
    this.backend.modify(descriptor.token, interest);
    descriptor.interest = interest;
  }

  private register(descriptor: Descriptor, interest: Interest): void {
    const { backend } = this;
    const token =
      descriptor.origin === 'exclusive'
        ? backend.registerExclusive!(descriptor.fd)
        : backend.register(descriptor.fd, interest, this.mode);
    descriptor.token = token;
    descriptor.interest = interest;
    this.registered.add(descriptor);
  }
}
