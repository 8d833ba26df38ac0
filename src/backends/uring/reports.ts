/**
 * What polls have reported and the caller has not been told, first come first served. A poll reports once what
 * kernels with a queue of their own would look at again before they tell: so what may have been read since is asked
 * about again.
 */
import { EBADF } from '../../sys/ffi/errno.js';
import { EPOLLPRI } from '../../sys/poll/epoll.js';
import { POLLNVAL } from '../../sys/poll/poll.js';
import type { BackendCounters } from '../contract.js';
import { epollEvents } from '../epoll/flags.js';
import type { Registrations } from '../kit/registrations.js';
import { WaitingLine } from '../kit/waiting-line.js';
import { DoubtfulReports } from './doubtful-reports.js';

const INITIAL_SLOTS = 64;

export class Reports {
  private readonly line = new WaitingLine();
  private readonly doubtful = new DoubtfulReports();
  /** By slot, of those in line: what poll(2) reports, or a negative errno. 0: nothing any more. */
  private found = new Int32Array(INITIAL_SLOTS);
  /** By slot: the number of the wait that armed its poll. */
  private armedIn = new Uint32Array(INITIAL_SLOTS);

  constructor(
    private readonly registrations: Registrations,
    private readonly counters: BackendCounters,
  ) {}

  get isEmpty(): boolean {
    return this.line.isEmpty;
  }

  /** A registration has begun. */
  makeRoom(slot: number): void {
    if (slot >= this.found.length) this.grow(slot);
    this.found[slot] = 0;
  }

  /** A new poll is armed, which reports whatever holds. The slot keeps its place in the line. */
  onArmed(slot: number): void {
    this.found[slot] = 0;
    this.armedIn[slot] = this.counters.waits;
  }

  onCancelled(slot: number): void {
    this.found[slot] = 0;
  }

  /** @param result what poll(2) reports, or a negative errno. */
  add(slot: number, result: number): void {
    const { found, armedIn, counters } = this;
    found[slot] = result < 0 || found[slot] < 0 ? Math.min(result, found[slot]) : found[slot] | result;
    this.line.join(slot);
    if (result < 0) return;
    // Within one wait nobody reads. But the bits of a wake call every arrival urgent.
    if (armedIn[slot] !== counters.waits >>> 0 || (result & EPOLLPRI) !== 0) this.doubt(slot);
  }

  remove(slot: number): void {
    this.line.leave(slot);
  }

  /**
   * Before a wait: what the last one had no room for is asked about again, or armed again where its poll has ended.
   */
  review(): void {
    const { registrations: table, line, found } = this;
    for (let slot = line.first; slot >= 0; slot = line.after(slot)) {
      if (table.wanted[slot] !== table.applied[slot]) table.markDirty(slot);
      else if (found[slot] > 0) this.doubt(slot);
    }
  }

  /**
   * Has what may have passed replaced by what holds now. One of which nothing holds is to be armed again if its
   * poll has ended.
   */
  refresh(): void {
    const { registrations: table, doubtful, found } = this;
    if (doubtful.count === 0) return;
    this.counters.systemCalls++;
    doubtful.ask();
    for (let index = 0; index < doubtful.count; index++) {
      const slot = doubtful.slot(index);
      if (found[slot] <= 0) continue;
      const holding = doubtful.holding(index);
      if ((holding & POLLNVAL) !== 0) found[slot] = -EBADF;
      else found[slot] = holding;
      if (found[slot] !== 0) continue;
      this.line.leave(slot);
      if (table.wanted[slot] !== table.applied[slot]) table.markDirty(slot);
    }
    doubtful.count = 0;
  }

  /** The first in line, taken out of it; -1: nobody is left. */
  next(): number {
    return this.line.take();
  }

  /** What was reported of the slot, once. */
  take(slot: number): number {
    const result = this.found[slot];
    this.found[slot] = 0;
    return result;
  }

  private doubt(slot: number): void {
    const { fd, wanted } = this.registrations;
    this.doubtful.add(slot, fd[slot], epollEvents(wanted[slot], 0));
  }

  private grow(slot: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(slot + 1));
    const found = new Int32Array(capacity);
    found.set(this.found);
    this.found = found;
    const armedIn = new Uint32Array(capacity);
    armedIn.set(this.armedIn);
    this.armedIn = armedIn;
  }
}
