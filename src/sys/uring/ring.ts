/**
 * A ring of io_uring(7): submissions are stores into memory that the kernel reads, completions are loads. One call
 * carries both ways and waits. A ring belongs to the thread that made it.
 *
 * User data is two 32-bit words, so that no BigInt is made for a completion.
 */
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { close } from '../file/io.js';
import {
  CQE_BUFFER_SHIFT,
  CQE_BYTES,
  CQE_FLAGS,
  CQE_RES,
  CQE_USER_DATA_HIGH,
  CQE_USER_DATA_LOW,
  CQE_WORDS,
  CQ_OFF_CQES,
  CQ_OFF_HEAD,
  CQ_OFF_TAIL,
  GETEVENTS_ARG_BYTES,
  GETEVENTS_TS,
  IORING_CQE_F_BUFFER,
  IORING_CQE_F_MORE,
  IORING_ENTER_EXT_ARG,
  IORING_ENTER_GETEVENTS,
  IORING_FEAT_CQE_SKIP,
  IORING_OFF_SQES,
  IORING_OFF_SQ_RING,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_NOP,
  IORING_OP_POLL_ADD,
  IORING_POLL_ADD_MULTI,
  IORING_SETUP_NO_SQARRAY,
  IORING_SQ_CQ_OVERFLOW,
  IOSQE_CQE_SKIP_SUCCESS,
  IO_URING_ENTER,
  PARAM_CQ_ENTRIES,
  PARAM_SQ_ENTRIES,
  SQE_ADDR_HIGH,
  SQE_ADDR_LOW,
  SQE_BYTES,
  SQE_FD,
  SQE_LEN,
  SQE_OP_FLAGS,
  SQE_USER_DATA_HIGH,
  SQE_USER_DATA_LOW,
  SQE_WORDS,
  SQ_OFF_ARRAY,
  SQ_OFF_FLAGS,
  SQ_OFF_HEAD,
  SQ_OFF_TAIL,
} from './abi.js';
import { mapRing, unmapRing } from './memory.js';
import { setUpRing, type RingSetup, type RingSize } from './setup.js';

type Enter = (
  number: number,
  fd: number,
  toSubmit: number,
  minComplete: number,
  flags: number,
  argAddress: number,
  argBytes: number,
) => number;
const nativeEnter = declare<Enter>('syscall', 'int', ['long', 'int', 'uint', 'uint', 'uint', 'uintptr_t', 'size_t']);

/** User data of a submission: what its completions carry. */
export interface UserData {
  readonly low: number;
  readonly high: number;
}

/** A ring as those see it who have polls in it: that of the kernel, or a model. */
export type PollRing = Pick<
  Ring,
  | 'submissions'
  | 'completions'
  | 'prepared'
  | 'preparePoll'
  | 'prepareMultishotPoll'
  | 'prepareCancel'
  | 'enter'
  | 'count'
  | 'hasOverflown'
  | 'low'
  | 'high'
  | 'result'
  | 'hasMore'
  | 'seen'
  | 'close'
  | 'abandon'
>;

export class Ring {
  readonly setup: RingSetup;
  readonly fd: number;
  /** Room for submissions. */
  readonly submissions: number;
  /** Room for completions; what is beyond it waits in the kernel. */
  readonly completions: number;

  private readonly words: Int32Array;
  private readonly entries: Uint32Array;
  private readonly sqHead: number;
  private readonly sqTail: number;
  private readonly sqFlags: number;
  private readonly cqHead: number;
  private readonly cqTail: number;
  private readonly cqes: number;
  /** Counts up and wraps, as the kernel's own. */
  private tail = 0;
  private head = 0;
  private readonly argument = new NativeBlock(GETEVENTS_ARG_BYTES);
  private readonly timespec = new NativeBlock(16);

  /** @throws IoError as `setUpRing` and `mapRing`. */
  constructor(size: RingSize) {
    this.setup = setUpRing(size);
    const { fd, params, flags } = this.setup;
    this.fd = fd;
    this.submissions = params[PARAM_SQ_ENTRIES];
    this.completions = params[PARAM_CQ_ENTRIES];
    const hasArray = (flags & IORING_SETUP_NO_SQARRAY) === 0;
    const arrayEnd = hasArray ? params[SQ_OFF_ARRAY] + 4 * this.submissions : 0;
    const ringBytes = Math.max(arrayEnd, params[CQ_OFF_CQES] + CQE_BYTES * this.completions);
    let rings: ArrayBuffer;
    let submissions: ArrayBuffer;
    try {
      [rings, submissions] = mapRing(fd, [
        { offset: IORING_OFF_SQ_RING, lengthBytes: ringBytes },
        { offset: IORING_OFF_SQES, lengthBytes: SQE_BYTES * this.submissions },
      ]);
    } catch (error) {
      close(fd);
      throw error;
    }
    this.words = new Int32Array(rings, 0, Math.floor(ringBytes / 4));
    this.entries = new Uint32Array(submissions);
    this.sqHead = params[SQ_OFF_HEAD] / 4;
    this.sqTail = params[SQ_OFF_TAIL] / 4;
    this.sqFlags = params[SQ_OFF_FLAGS] / 4;
    this.cqHead = params[CQ_OFF_HEAD] / 4;
    this.cqTail = params[CQ_OFF_TAIL] / 4;
    this.cqes = params[CQ_OFF_CQES] / 4;
    // Each place of the array names the submission of the same number, for good.
    for (let index = 0; hasArray && index < this.submissions; index++) {
      this.words[params[SQ_OFF_ARRAY] / 4 + index] = index;
    }
  }

  /** Submissions that were prepared and that the kernel has not taken. */
  get prepared(): number {
    return (this.tail - this.words[this.sqHead]) >>> 0;
  }

  get isFull(): boolean {
    return this.prepared === this.submissions;
  }

  /** Does nothing, and completes. */
  prepareNop(user: UserData): void {
    this.prepare(IORING_OP_NOP, -1, 0, 0, 0, 0, user.low, user.high);
  }

  /** Completes once one of `events` holds, at once if it does already. @param events bits of poll(2) and epoll(7). */
  preparePoll(fd: number, events: number, low: number, high: number): void {
    this.prepare(IORING_OP_POLL_ADD, fd, 0, 0, 0, events, low, high);
  }

  /** Completes each time that one of `events` comes up, and at first if it holds already. */
  prepareMultishotPoll(fd: number, events: number, low: number, high: number): void {
    this.prepare(IORING_OP_POLL_ADD, fd, 0, 0, IORING_POLL_ADD_MULTI, events, low, high);
  }

  /**
   * Cancels the submission with this user data. The target completes by itself, with ECANCELED unless it was over
   * already. The cancelling completes, as `ignored`, only where it failed.
   */
  prepareCancel(low: number, high: number, ignored: UserData): void {
    const skip = (this.setup.features & IORING_FEAT_CQE_SKIP) !== 0 ? IOSQE_CQE_SKIP_SUCCESS : 0;
    this.prepare(IORING_OP_ASYNC_CANCEL | skip, -1, low, high, 0, 0, ignored.low, ignored.high);
  }

  /**
   * io_uring_enter(2): hands over what was prepared, runs what the kernel has put off for this thread, and waits.
   *
   * @param minComplete returns once so many completions are there; 0 does not wait.
   * @param timeoutNs how long to wait at most; -1 is for ever.
   * @returns 0, or an errno: EINTR, ETIME, EAGAIN (no memory for a submission), EBUSY (read completions first),
   *   EBADR (some were lost), EBADF.
   */
  enter(minComplete: number, timeoutNs: number): number {
    const toSubmit = this.prepared;
    Atomics.store(this.words, this.sqTail, this.tail | 0);
    let flags = IORING_ENTER_GETEVENTS;
    let address = 0;
    if (minComplete > 0 && timeoutNs >= 0) {
      const { u32 } = this.timespec;
      const wholeNs = Math.ceil(timeoutNs);
      const seconds = Math.floor(wholeNs / 1e9);
      storeWord(u32, 0, seconds);
      u32[2] = wholeNs - seconds * 1e9;
      storeWord(this.argument.u32, GETEVENTS_TS, this.timespec.address);
      flags |= IORING_ENTER_EXT_ARG;
      address = this.argument.address;
    }
    const argBytes = address === 0 ? 0 : GETEVENTS_ARG_BYTES;
    return nativeEnter(IO_URING_ENTER, this.fd, toSubmit, minComplete, flags, address, argBytes) < 0 ? errno() : 0;
  }

  /** Completions that can be read now, by index from 0. */
  get count(): number {
    return (Atomics.load(this.words, this.cqTail) - this.head) >>> 0;
  }

  /** Whether completions wait in the kernel, which come with the next `enter` once there is room. */
  get hasOverflown(): boolean {
    return (Atomics.load(this.words, this.sqFlags) & IORING_SQ_CQ_OVERFLOW) !== 0;
  }

  low(index: number): number {
    return this.words[this.place(index) + CQE_USER_DATA_LOW] >>> 0;
  }

  high(index: number): number {
    return this.words[this.place(index) + CQE_USER_DATA_HIGH] >>> 0;
  }

  /** What the operation returned: a negative errno where it failed. */
  result(index: number): number {
    return this.words[this.place(index) + CQE_RES];
  }

  /** Whether the submission will complete again. */
  hasMore(index: number): boolean {
    return (this.words[this.place(index) + CQE_FLAGS] & IORING_CQE_F_MORE) !== 0;
  }

  /** The buffer that the kernel took for it; -1: none. */
  buffer(index: number): number {
    const flags = this.words[this.place(index) + CQE_FLAGS];
    return (flags & IORING_CQE_F_BUFFER) === 0 ? -1 : flags >>> CQE_BUFFER_SHIFT;
  }

  /** Gives the places of the first `count` completions back; they must have been read. */
  seen(count: number): void {
    this.head = (this.head + count) >>> 0;
    Atomics.store(this.words, this.cqHead, this.head | 0);
  }

  /** What is under way is cancelled by the kernel, in its own time. */
  close(): void {
    unmapRing(this.fd);
    close(this.fd);
  }

  /** As `close`, where the descriptor is no longer the ring's: what has its number now is not ours to close. */
  abandon(): void {
    unmapRing(this.fd);
  }

  private place(index: number): number {
    return this.cqes + ((this.head + index) & (this.completions - 1)) * CQE_WORDS;
  }

  /**
   * Stores a submission; there must be room.
   * @param first opcode, flags and ioprio, from the low byte up. @param low, high the user data.
   */
  prepare(
    first: number,
    fd: number,
    addrLow: number,
    addrHigh: number,
    len: number,
    opFlags: number,
    low: number,
    high: number,
  ): void {
    const { entries } = this;
    const base = (this.tail & (this.submissions - 1)) * SQE_WORDS;
    // The other words are 0 from the beginning, and nobody stores into them.
    entries[base] = first;
    entries[base + SQE_FD] = fd;
    entries[base + SQE_ADDR_LOW] = addrLow;
    entries[base + SQE_ADDR_HIGH] = addrHigh;
    entries[base + SQE_LEN] = len;
    entries[base + SQE_OP_FLAGS] = opFlags;
    entries[base + SQE_USER_DATA_LOW] = low;
    entries[base + SQE_USER_DATA_HIGH] = high;
    this.tail = (this.tail + 1) >>> 0;
  }
}
