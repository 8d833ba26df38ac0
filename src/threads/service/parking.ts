/**
 * Idle connections of a service in this thread's eyes: they wait in a kernel queue that it shares with the other
 * threads (`combined`), or has to itself, and cost the thread nothing meanwhile.
 */
import { READABLE } from '../../backends/contract.js';
import type { Watcher } from '../../core/driver/driver.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../core/reactor/timers.js';
import { close } from '../../sys/file/io.js';
import { joinSharedQueue, openSharedQueue, type SharedQueue } from '../../sys/poll/shared-queue.js';
import { throwLater } from '../../api/throw-later.js';
import { ParkedDescriptors, type SharedParked } from './parked-descriptors.js';

/** Taken at a time, so that other threads get their share of what is ready. */
const TAKEN_AT_ONCE = 2;
/** Looks for what has been idle too long, in its time. */
const SWEEPS = 4;

/** A queue that threads share, as they are told of it. */
export interface SharedParking {
  readonly queue: number;
  readonly parked: SharedParked;
}

/** What a process needs for one: the queue is the caller's. @throws IoError EMFILE. */
export function openSharedParking(): SharedParking {
  return { queue: openSharedQueue(), parked: ParkedDescriptors.open().shared };
}

export class Parking implements Watcher, TimerOwner {
  private readonly parking: SharedParking;
  private readonly queue: SharedQueue;
  private readonly parked: ParkedDescriptors;
  private readonly token: number;
  private readonly taken = new Int32Array(TAKEN_AT_ONCE);
  private timer: Timer = NO_TIMER;
  private isClosed = false;

  /**
   * @param shared undefined: this thread has one to itself.
   * @param idleMs 0 is for ever.
   * @param onAwake gets a connection for which something came; the descriptor is its.
   */
  constructor(
    private readonly reactor: Reactor,
    private readonly shared: SharedParking | undefined,
    private readonly idleMs: number,
    private readonly onAwake: (fd: number) => void,
  ) {
    const { queue, parked } = (this.parking = shared ?? openSharedParking());
    this.queue = joinSharedQueue(queue);
    this.parked = new ParkedDescriptors(parked);
    this.token = reactor.driver.watch(queue, READABLE, 'level', this);
    if (idleMs > 0) this.timer = reactor.arm(this, 0, idleMs / SWEEPS);
  }

  /** @param fd is parked from now on; once this is closed, the descriptor is closed instead. */
  park(fd: number): void {
    if (this.isClosed || !this.parked.park(fd)) {
      close(fd);
      return;
    }
    try {
      this.queue.arm(fd);
    } catch (error) {
      if (this.parked.claim(fd)) close(fd);
      throw error;
    }
  }

  /** Closes what is parked, and takes no more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.reactor.disarm(this.timer);
    this.reactor.driver.unwatch(this.token);
    closeParked(this.parking);
    if (this.shared === undefined) closeSharedParking(this.parking);
  }

  onReady(): void {
    const count = this.queue.take(this.taken);
    for (let index = 0; index < count; index++) {
      const fd = this.taken[index];
      if (this.parked.claim(fd)) this.awake(fd);
    }
  }

  onTimer(): void {
    const periodMs = this.idleMs / SWEEPS;
    this.timer = this.reactor.arm(this, 0, periodMs);
    if (!this.parked.beginSweep(periodMs)) return;
    for (const fd of this.parked.claimOld(this.idleMs, this.awake)) close(fd);
  }

  /** The others that were taken with it are served whatever becomes of this one. */
  private readonly awake = (fd: number): void => {
    try {
      this.onAwake(fd);
    } catch (error) {
      throwLater(this.reactor, error);
    }
  };
}

/** Closes all that is parked. */
export function closeParked({ parked }: SharedParking): void {
  for (const fd of new ParkedDescriptors(parked).claimAll()) close(fd);
}

/** Once no thread uses it any more: closes the parked connections that no thread serves, and the queue. */
export function closeSharedParking(parking: SharedParking): void {
  const parked = new ParkedDescriptors(parking.parked);
  parked.close();
  closeParked(parking);
  parked.dispose();
  close(parking.queue);
}
