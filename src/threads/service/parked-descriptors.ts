/**
 * Which connections of a service are parked, and since when: what a holder of descriptors has, that all threads may
 * claim from. A thread claims one for which it gets an event, or which it finds idle for too long; one thread gets it.
 *
 * Looking for old ones costs what there is, and not what there may be: descriptors are counted by blocks of their
 * numbers, and blocks without any are passed over.
 */
import {
  claim,
  closeHolder,
  detailOf,
  entrust,
  heldAmong,
  isRecordable,
  openHolder,
} from '../../sys/file/owned-descriptors.js';
import { sharedClockMs } from '../../sys/ffi/shared-clock.js';

/** Numbers of one block, and blocks: for all numbers that are recorded. */
const BLOCK = 1024;
const BLOCKS = 1024;
/** Time is counted in ticks of 16 ms, which differ by less than 2^31 for a year. */
const TICK_MS = 16;

// Words of its memory, before one for each block.
const SWEPT = 0;
const CLOSED = 1;
const COUNTS_AT = 2;

/** How other threads are told of them: plain data. */
export interface SharedParked {
  /** The holder of the parked descriptors. */
  readonly holder: number;
  readonly memory: SharedArrayBuffer;
}

export class ParkedDescriptors {
  private readonly words: Int32Array;

  constructor(readonly shared: SharedParked) {
    this.words = new Int32Array(shared.memory);
  }

  /** The holder belongs to the thread that opens it: when that thread ends, all parked connections end. */
  static open(): ParkedDescriptors {
    const memory = new SharedArrayBuffer((COUNTS_AT + BLOCKS) * Int32Array.BYTES_PER_ELEMENT);
    return new ParkedDescriptors({ holder: openHolder(), memory });
  }

  /** @returns false: it can't be parked, and stays the caller's. */
  park(fd: number): boolean {
    if (!isRecordable(fd) || this.isClosed) return false;
    // Too high for a moment does no harm, and too low would hide it.
    Atomics.add(this.words, COUNTS_AT + Math.floor(fd / BLOCK), 1);
    entrust(fd, this.shared.holder, ticks());
    // It may have been closed meanwhile, by a thread that did not see this one.
    return !this.isClosed || !this.claim(fd);
  }

  /** @returns whether it was parked; it is the caller's then. */
  claim(fd: number): boolean {
    if (!claim(fd, this.shared.holder)) return false;
    Atomics.sub(this.words, COUNTS_AT + Math.floor(fd / BLOCK), 1);
    return true;
  }

  /** Whether it is time to look for old ones, which one thread does for all. */
  beginSweep(periodMs: number): boolean {
    const nowTicks = ticks();
    const swept = Atomics.load(this.words, SWEPT);
    // A timer may come a tick early.
    if (((nowTicks - swept) | 0) + 1 < Math.floor(periodMs / TICK_MS)) return false;
    return Atomics.compareExchange(this.words, SWEPT, swept, nowTicks) === swept;
  }

  /**
   * Claims all that have been parked for longer.
   *
   * @param onMissed gets one that was served and parked again between the look and the claim: it is not old, it is the
   *   caller's, and its next bytes may be there already.
   */
  claimOld(idleMs: number, onMissed: (fd: number) => void): number[] {
    const idleTicks = Math.ceil(idleMs / TICK_MS);
    const nowTicks = ticks();
    const isOld = (fd: number) => ((nowTicks - detailOf(fd)) | 0) > idleTicks;
    return this.candidates(isOld).filter(fd => {
      if (!this.claim(fd)) return false;
      if (isOld(fd)) return true;
      onMissed(fd);
      return false;
    });
  }

  claimAll(): number[] {
    return this.candidates(() => true).filter(fd => this.claim(fd));
  }

  /** Nothing is parked any more. What is parked already is still to be claimed. */
  close(): void {
    Atomics.store(this.words, CLOSED, 1);
  }

  /** Once no thread will claim anything of it. */
  dispose(): void {
    closeHolder(this.shared.holder);
  }

  private get isClosed(): boolean {
    return Atomics.load(this.words, CLOSED) !== 0;
  }

  private candidates(isWanted: (fd: number) => boolean): number[] {
    const found: number[] = [];
    for (let block = 0; block < BLOCKS; block++) {
      if (Atomics.load(this.words, COUNTS_AT + block) === 0) continue;
      found.push(...heldAmong(this.shared.holder, block * BLOCK, BLOCK).filter(isWanted));
    }
    return found;
  }
}

function ticks(): number {
  return (sharedClockMs() / TICK_MS) | 0;
}
