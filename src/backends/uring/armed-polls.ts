/**
 * Polls in a ring: one a slot at most. The user data of a poll is its slot and how many polls of that slot were
 * cancelled before it, so what a cancelled one still completes with is told from what its successor completes with.
 */
import { MAX_SLOTS } from '../../base/token.js';
import { EAGAIN, EBUSY, EINTR } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { EBADR, ETIME } from '../../sys/uring/abi.js';
import type { PollRing, UserData } from '../../sys/uring/ring.js';
import type { BackendCounters } from '../contract.js';

const INITIAL_SLOTS = 64;

/** The kernel runs no more put-off work in a call than this, unless it is asked for more completions. */
const WORK_PER_CALL = 20;
/** A cancelled poll completes within microseconds. */
const CANCEL_NS = 1e9;
const CANCEL_CALLS = 1_000;

/** User data that no slot has. */
const WAKER: UserData = { low: MAX_SLOTS, high: 0 };
export const IGNORED: UserData = { low: MAX_SLOTS + 1, high: 0 };
/** User data from here on is that of a guest's operations. */
export const GUESTS_FROM = MAX_SLOTS + 2;

/** The listener to completions. */
export interface PollOwner {
  /** @param result what poll(2) reports, or a negative errno. @param isOver it is not armed any more. */
  onPoll(slot: number, result: number, isOver: boolean): void;
  /** A poll that was cancelled had completed before. */
  onStale(slot: number): void;
  /** @param isOver the waker is not watched any more. */
  onWake(isOver: boolean): void;
  /** A completion of no poll. @param index by which the ring shows it, now. */
  onOther(index: number): void;
}

export class ArmedPolls {
  /** Cancelled polls that have not completed yet: until then they hold their files open. */
  cancelling = 0;
  /** Completions were lost, and nobody knows which: another ring has to take the place of this one. */
  hasLost = false;
  /** The ring's descriptor is not the ring's any more. */
  isGone = false;
  /** By slot: how many of its polls were cancelled. */
  private cancelled = new Uint32Array(INITIAL_SLOTS);

  constructor(
    private readonly ring: PollRing,
    private readonly owner: PollOwner,
    private readonly counters: BackendCounters,
  ) {}

  /** Whether two more submissions have room: a change takes no more. */
  get hasRoom(): boolean {
    return this.ring.prepared + 2 <= this.ring.submissions;
  }

  /** @param isMultishot it stays armed and completes again and again; otherwise it completes once. */
  arm(slot: number, fd: number, events: number, isMultishot: boolean): void {
    if (slot >= this.cancelled.length) this.grow(slot);
    const { ring } = this;
    if (isMultishot) ring.prepareMultishotPoll(fd, events, slot, this.cancelled[slot]);
    else ring.preparePoll(fd, events, slot, this.cancelled[slot]);
  }

  /** Cancels the poll of a slot, which must be armed. Another can be armed at once. */
  cancel(slot: number): void {
    this.ring.prepareCancel(slot, this.cancelled[slot], IGNORED);
    this.cancelled[slot]++;
    this.cancelling++;
  }

  /** Watches a descriptor whose completions are wakes. */
  armWaker(fd: number, events: number): void {
    this.ring.prepareMultishotPoll(fd, events, WAKER.low, WAKER.high);
  }

  /** Hands over what was prepared, to make room. @returns whether there is some. @throws IoError as `turn`. */
  submit(): boolean {
    this.enter(0, -1);
    return this.hasRoom;
  }

  /**
   * One wait in the kernel; the owner learns of all that it yields.
   *
   * @param timeoutNs -1 is for ever.
   * @returns 0, or an errno that passes: ETIME, EINTR, EAGAIN (no memory for a poll).
   * @throws IoError the ring is gone. What has its number now is not ours to close.
   */
  turn(timeoutNs: number): number {
    const { ring } = this;
    const isPolling = timeoutNs === 0;
    const code = this.enter(isPolling ? ring.completions : 1, timeoutNs);
    if (ring.count >= WORK_PER_CALL && !isPolling) this.enter(ring.completions, 0);
    this.reap();
    while (ring.hasOverflown) {
      this.enter(0, -1);
      this.reap();
    }
    return code;
  }

  /** Hands over what was prepared, and waits for a completion. @throws IoError as `turn`. */
  await(): void {
    this.enter(1, CANCEL_NS);
    this.reap();
  }

  /**
   * Waits until all that was cancelled has completed. What does not will end with the ring. @throws IoError as
   * `turn`.
   */
  settle(): void {
    for (let calls = 0; this.cancelling > 0 && !this.hasLost; calls++) {
      this.enter(1, CANCEL_NS);
      this.reap();
      if (calls === CANCEL_CALLS) this.hasLost = true;
    }
  }

  close(): void {
    if (!this.isGone) this.ring.close();
  }

  /** Reads all completions that are there. */
  private reap(): void {
    const { ring, owner } = this;
    for (let count = ring.count; count > 0; count = ring.count) {
      for (let index = 0; index < count; index++) {
        const slot = ring.low(index);
        const isOver = !ring.hasMore(index);
        if (slot >= MAX_SLOTS) {
          if (slot === WAKER.low) owner.onWake(isOver);
          else if (slot >= GUESTS_FROM) owner.onOther(index);
        } else if (this.cancelled[slot] === ring.high(index)) {
          owner.onPoll(slot, ring.result(index), isOver);
        } else {
          if (isOver) this.cancelling--;
          if (ring.result(index) >= 0) owner.onStale(slot);
        }
      }
      ring.seen(count);
    }
  }

  private enter(minComplete: number, timeoutNs: number): number {
    this.counters.systemCalls++;
    const code = this.ring.enter(minComplete, timeoutNs);
    if (code === 0 || code === ETIME || code === EINTR || code === EBUSY || code === EAGAIN) return code;
    if (code !== EBADR) {
      this.isGone = true;
      this.ring.abandon();
      throw new IoError(code, 'io_uring_enter');
    }
    this.hasLost = true;
    return 0;
  }

  private grow(slot: number): void {
    const cancelled = new Uint32Array(2 ** Math.ceil(Math.log2(slot + 1)));
    cancelled.set(this.cancelled);
    this.cancelled = cancelled;
  }
}
