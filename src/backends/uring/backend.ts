/**
 * io_uring(7) as a readiness backend, Linux. A registration is a poll in the ring: one that stays armed where it
 * reports by edge, and one that completes once elsewhere, which is armed again after each report by level. Changes
 * are stores; the call that waits takes all of them along.
 *
 * A poll holds its file open. So `unregister` cancels it and waits for the kernel's word before it returns, or
 * close(2) would close nothing; and a registration without interest has no poll.
 */
import { monotonicMs } from '../../base/runtime-functions.js';
import { NO_TOKEN, slotOf, type Token } from '../../base/token.js';
import { EAGAIN, EBADF, EINTR } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { isOpen } from '../../sys/file/io.js';
import { EPOLLIN, EPOLLRDHUP } from '../../sys/poll/epoll.js';
import { ETIME } from '../../sys/uring/abi.js';
import { Ring } from '../../sys/uring/ring.js';
import type { RingSize } from '../../sys/uring/setup.js';
import {
  ERROR,
  READABLE,
  type Backend,
  type BackendOptions,
  type Interest,
  type RegistrationMode,
} from '../contract.js';
import { readinessOf } from '../epoll/flags.js';
import { DEFAULT_MAX_EVENTS } from '../kit/batch-size.js';
import { newCounters } from '../kit/counters.js';
import { EventBatch } from '../kit/event-batch.js';
import { REGISTRATION_MODES } from '../kit/modes.js';
import { closedError, EDGE, ONESHOT, Registrations } from '../kit/registrations.js';
import { Waker, wakeBackend } from '../kit/wake.js';
import { ArmedPolls, IGNORED, type PollOwner } from './armed-polls.js';
import { concerning, pollMask } from './flags.js';
import { Reports } from './reports.js';

const NAME = 'io_uring';
/** 64 KiB each. What is more takes another call, or waits in the kernel. */
const DEFAULT_SIZE: RingSize = { submissions: 1024, completions: 4096 };
/**
 * A bit of a registration's mode. The peer has ended, which every poll reports, and nobody reads: a poll that
 * completes once would do so at once, over and over. Of one that stays armed only the first completion says that.
 */
const HALF_CLOSED = 64;

export interface UringOptions extends BackendOptions {
  /** The size of the ring, for tests. */
  readonly size?: RingSize;
}

/** The owner of other operations in the ring of a backend, beside its polls. */
export interface RingGuest {
  /** Whether there is something to tell, so that a wait must not last. */
  readonly hasNews: boolean;
  /** One of its submissions has completed. @param index by which the ring shows it, now. */
  onCompletion(index: number): void;
  /** Completions were lost, and the ring is another: what was under way is over, nobody knows how. */
  onLost(): void;
}

export class UringBackend implements Backend, PollOwner {
  readonly name = NAME;
  readonly modes = REGISTRATION_MODES;
  readonly counters = newCounters();
  readonly events: EventBatch;

  private readonly registrations = new Registrations(NAME);
  private readonly reports = new Reports(this.registrations, this.counters);
  private readonly waker: Waker;
  private readonly size: RingSize;
  /** Its submissions have user data from `GUESTS_FROM` on. */
  guest: RingGuest | undefined = undefined;
  /** That of the kernel, for the guest. */
  ring: Ring;
  private polls: ArmedPolls;
  private isWakerArmed = false;
  private isWoken = false;
  private isClosed = false;

  constructor(options: UringOptions = {}) {
    this.events = new EventBatch(options.maxEvents ?? DEFAULT_MAX_EVENTS, this.registrations);
    this.size = options.size ?? DEFAULT_SIZE;
    this.ring = new Ring(this.size);
    this.polls = new ArmedPolls(this.ring, this, this.counters);
    try {
      this.waker = new Waker();
    } catch (error) {
      this.polls.close();
      throw error;
    }
  }

  get wakeHandle() {
    return this.waker.handle;
  }

  register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    if (this.isClosed || this.polls.isGone) throw closedError(NAME, 'register');
    return this.start(this.registrations.add(fd, interest, mode));
  }

  modify(token: Token, interest: Interest): void {
    const table = this.registrations;
    const slot = table.slot(token, 'modify');
    table.checkInterest(interest);
    this.counters.changesAsked++;
    table.wanted[slot] = interest;
    if (interest !== table.applied[slot]) table.markDirty(slot);
  }

  unregister(token: Token): void {
    const table = this.registrations;
    const slot = table.slot(token, 'unregister');
    this.counters.changesAsked++;
    table.wanted[slot] = 0;
    this.reports.remove(slot);
    this.events.blank(slot);
    try {
      if (table.applied[slot] !== 0 && !this.polls.isGone) {
        this.counters.changesSent++;
        this.cancel(slot);
      }
      this.polls.settle();
      this.reports.refresh();
      if (this.polls.hasLost) this.startAnew();
    } finally {
      table.remove(slot);
    }
  }

  wouldBlock(): void {
    // The kernel knows.
  }

  wait(timeoutNs: number): number {
    if (this.isClosed || this.polls.isGone) throw closedError(NAME, 'wait');
    if (Number.isNaN(timeoutNs)) throw new RangeError('timeoutNs: NaN; allowed: -1 (for ever), 0 and more');
    const { counters, events } = this;
    counters.waits++;
    this.armAgain();
    events.clear();
    this.flush();
    const endMs = timeoutNs > 0 ? monotonicMs() + timeoutNs / 1e6 : 0;
    let leftNs = timeoutNs;
    for (;;) {
      const waitNs = this.isWoken || !this.reports.isEmpty || this.guest?.hasNews === true ? 0 : leftNs;
      const code = this.polls.turn(waitNs);
      this.reports.refresh();
      this.fill();
      if (events.count > 0 || this.isWoken || leftNs === 0 || code === EINTR || code === EAGAIN) break;
      if (this.guest?.hasNews === true) break;
      if (code === ETIME && waitNs > 0) break;
      // Only what had been cancelled completed: the wait goes on, for the rest of its time.
      if (leftNs > 0) leftNs = Math.max(0, (endMs - monotonicMs()) * 1e6);
      this.flush();
    }
    if (this.isWoken) counters.wakes++;
    this.isWoken = false;
    counters.events += events.count;
    return events.count;
  }

  wake(): void {
    this.counters.systemCalls++;
    wakeBackend(this.waker.handle);
  }

  has(token: Token): boolean {
    return this.registrations.has(token);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const table = this.registrations;
    try {
      for (let slot = 0; slot < table.fd.length && !this.polls.isGone; slot++) {
        if (table.fd[slot] >= 0 && table.applied[slot] !== 0) this.cancel(slot);
      }
      this.polls.settle();
    } finally {
      this.polls.close();
      this.waker.close();
    }
  }

  onPoll(slot: number, result: number, isOver: boolean): void {
    const table = this.registrations;
    const mode = table.mode[slot];
    const news = result < 0 ? result : concerning(result, table.wanted[slot]);
    const isPersistentEdge = (mode & (EDGE | ONESHOT)) === EDGE;
    if (isOver) {
      table.applied[slot] = 0;
      // Nobody is told, so nobody asks again. What ended though it was to stay is armed anew, and reports what holds.
      if (news === 0 || isPersistentEdge) table.markDirty(slot);
      if (news === 0 && (result & EPOLLRDHUP) !== 0) table.mode[slot] |= HALF_CLOSED;
    }
    if (news === 0) return;
    // It was to complete once.
    if (!isOver && !isPersistentEdge) this.cancel(slot);
    this.reports.add(slot, news);
  }

  // For the guest

  /** Whether two submissions have room, once what was prepared is handed over. @throws IoError the ring is gone. */
  makeRoom(): boolean {
    return this.polls.hasRoom || this.polls.submit();
  }

  /** Hands over what was prepared, without waiting. @throws IoError the ring is gone. */
  submit(): void {
    this.polls.submit();
  }

  /**
   * Cancels a submission of the guest, and waits until the guest knows of a completion. It is asked again as long as
   * the submission is under way: one that the kernel is just about to run is not found.
   *
   * @returns false: nobody will know, since the ring is gone or completions were lost.
   */
  cancelOther(low: number, high: number): boolean {
    if (this.polls.isGone || this.polls.hasLost || !this.makeRoom()) return false;
    this.ring.prepareCancel(low, high, IGNORED);
    this.polls.await();
    return true;
  }

  onOther(index: number): void {
    this.guest?.onCompletion(index);
  }

  onStale(slot: number): void {
    if (this.registrations.fd[slot] < 0) this.counters.staleEvents++;
  }

  onWake(isOver: boolean): void {
    this.isWoken = true;
    if (!isOver) return;
    this.isWakerArmed = false;
    // What this wait tells of must not be found again by the next poll.
    this.waker.drain();
  }

  private start(token: Token): Token {
    const table = this.registrations;
    const slot = slotOf(token);
    const fd = table.fd[slot];
    this.counters.changesAsked++;
    // The kernel would only tell at the next wait.
    this.counters.systemCalls++;
    if (!isOpen(fd)) {
      table.remove(slot);
      throw new IoError(EBADF, 'register', `descriptor ${fd} with ${NAME}`);
    }
    this.reports.makeRoom(slot);
    if (table.wanted[slot] !== 0) table.markDirty(slot);
    return token;
  }

  /** What was reported by level is asked for again, after what could not be reported. */
  private armAgain(): void {
    const { registrations: table, events } = this;
    this.reports.review();
    for (let index = 0; index < events.count; index++) {
      const token = events.tokens[index];
      if (token === NO_TOKEN) continue;
      const slot = slotOf(token);
      if (table.wanted[slot] !== table.applied[slot]) table.markDirty(slot);
    }
  }

  /** Prepares what has changed. What finds no room is left for the next wait. */
  private flush(): void {
    const { registrations: table } = this;
    if (this.polls.hasLost) this.startAnew();
    if (!this.isWakerArmed) this.watchWaker();
    const asked = table.dirtyCount;
    let done = 0;
    while (done < asked && (this.polls.hasRoom || this.polls.submit())) {
      const slot = table.takeDirty(done++);
      if (slot < 0) continue;
      const wanted = table.wanted[slot];
      if (wanted === table.applied[slot]) continue;
      if (table.place[slot] !== wanted) this.counters.changesSent++;
      table.place[slot] = wanted;
      if (table.applied[slot] !== 0) this.cancel(slot);
      if (wanted !== 0) this.arm(slot);
    }
    table.dropDirty(done);
  }

  private arm(slot: number): void {
    const table = this.registrations;
    const mode = table.mode[slot];
    const wanted = table.wanted[slot];
    table.applied[slot] = wanted;
    this.reports.onArmed(slot);
    const isMultishot = (mode & (EDGE | ONESHOT)) === EDGE || ((mode & HALF_CLOSED) !== 0 && (wanted & READABLE) === 0);
    this.polls.arm(slot, table.fd[slot], pollMask(wanted), isMultishot);
  }

  private cancel(slot: number): void {
    if (!this.polls.hasRoom && !this.polls.submit()) throw new IoError(EAGAIN, 'io_uring_enter', 'cancelling a poll');
    this.registrations.applied[slot] = 0;
    this.reports.onCancelled(slot);
    this.polls.cancel(slot);
  }

  /** By edge: each wake-up is one completion, and nobody has to read the counter. */
  private watchWaker(): void {
    if (!this.polls.hasRoom && !this.polls.submit()) return;
    this.polls.armWaker(this.waker.fd, EPOLLIN);
    this.isWakerArmed = true;
  }

  /** Takes from the line what the batch has room for. */
  private fill(): void {
    const { registrations: table, events, reports } = this;
    while (events.count < events.capacity) {
      const slot = reports.next();
      if (slot < 0) return;
      const result = reports.take(slot);
      const wanted = table.wanted[slot];
      // Asked again since it joined, it was not ready any more; or it has no interest any more.
      if (wanted === 0 || result === 0) continue;
      if (result > 0) events.add(slot, readinessOf(result, wanted), 0, 0);
      else events.add(slot, ERROR, 0, -result);
      if (result < 0 || (table.mode[slot] & ONESHOT) !== 0) {
        table.wanted[slot] = 0;
        table.place[slot] = 0;
      }
    }
  }

  /** The living are armed in another ring, which reports what holds. */
  private startAnew(): void {
    const table = this.registrations;
    const ring = new Ring(this.size);
    this.polls.close();
    this.ring = ring;
    this.polls = new ArmedPolls(ring, this, this.counters);
    this.guest?.onLost();
    this.isWakerArmed = false;
    for (let slot = 0; slot < table.fd.length; slot++) {
      if (table.fd[slot] < 0) continue;
      table.applied[slot] = 0;
      if (table.wanted[slot] !== 0) table.markDirty(slot);
    }
  }
}
