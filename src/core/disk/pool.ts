/**
 * Calls that wait for a disk, on the threads of libuv's pool. There are few of these threads, and all threads of the
 * process share them, so at most some calls of the process are under way at once and fewer on one device
 * (`PoolPlaces`); the others wait in a queue of their device, and the devices take turns. A disk that hangs stops its
 * own queue and no other; what depends on a server or another process may hang for ever, and has the fewest threads.
 */
import { unlessAborted } from '../../base/unless-aborted.js';
import { setTimeout } from '../../base/runtime-functions.js';
import type { Done } from '../../sys/ffi/blocking-call.js';
import { IoError } from '../../sys/ffi/io-error.js';
import {
  DISK_CALLS,
  DISK_CALLS_PER_DEVICE,
  DISK_CALLS_PER_SERVER,
  DISK_CALLS_WAITING,
  DISK_CALLS_WAITING_PER_DEVICE,
  LET_OTHERS_GO_MS,
} from '../limits.js';
import { isLocalDevice } from './place.js';
import { poolPlaces, type PoolPlaces } from './pool-places.js';

export interface DiskLimits {
  /** Under way at once. */
  readonly calls: number;
  /** Under way at once on one device. */
  readonly callsPerDevice: number | ((device: number) => number);
  /** Waiting for their turn, on all devices. */
  readonly callsWaiting: number;
  /** Waiting for their turn on one device. */
  readonly callsWaitingPerDevice: number;
}

/** One call, from `submit` to its end. */
export interface DiskCall {
  readonly queue: DeviceQueue;
  /** Makes the call, whose answer comes in a later turn. */
  readonly begin: (done: Done) => void;
  readonly done: Done;
}

interface DeviceQueue {
  readonly device: number;
  running: number;
  readonly waiting: Set<DiskCall>;
}

/** Makes a call and waits for its answer, an errno with its sign turned included. */
type Call = (begin: (done: Done) => void) => Promise<number>;

/** The pool as it is for the calls of one device. */
export interface DeviceCalls {
  readonly call: Call;
  /** For what gives something back: it is never refused. */
  readonly release: Call;
}

export class DiskPool {
  /** Calls under way. */
  running = 0;
  /** Calls that wait for their turn. */
  waiting = 0;

  /** The device whose turn is next comes first. One with nothing to do is forgotten. */
  private readonly queues = new Map<number, DeviceQueue>();
  /** Other threads have waited for a place that this one gave back. */
  private letsOthersGo = false;

  /** @param places shared with other threads; without them it has the pool for itself. */
  constructor(
    private readonly limits: DiskLimits = {
      calls: DISK_CALLS,
      callsPerDevice: device => (isLocalDevice(device) ? DISK_CALLS_PER_DEVICE : DISK_CALLS_PER_SERVER),
      callsWaiting: DISK_CALLS_WAITING,
      callsWaitingPerDevice: DISK_CALLS_WAITING_PER_DEVICE,
    },
    private readonly places?: PoolPlaces,
  ) {}

  /**
   * Makes a call as soon as its device has room. Calls of one device begin in the order in which they came.
   *
   * @param device st_dev of the file.
   * @param begin makes the call. It may be long after this returns, unless the call is cancelled before.
   * @param done told the answer in a later turn, never from within this call.
   * @throws IoError ENOBUFS: too many wait already, for this device or for all.
   */
  submit(device: number, begin: (done: Done) => void, done: Done): DiskCall {
    const { callsWaiting, callsWaitingPerDevice } = this.limits;
    const waitingHere = this.queues.get(device)?.waiting.size ?? 0;
    if (waitingHere >= callsWaitingPerDevice || this.waiting >= callsWaiting) {
      const explanation = `${this.waiting} calls wait for disks already, ${waitingHere} for this one`;
      throw new IoError('ENOBUFS', 'disk', `device ${device}`, explanation);
    }
    return this.enqueue(device, begin, done);
  }

  /**
   * Makes a call that gives something back, a descriptor or a lock. However many wait, it is not refused: what is to
   * be given back is bounded already, and would be lost.
   */
  release(device: number, begin: (done: Done) => void): Promise<number> {
    return new Promise(resolve => this.enqueue(device, begin, resolve));
  }

  /** @param signal takes calls back that have not begun. */
  on(device: number, signal?: AbortSignal): DeviceCalls {
    return { call: begin => this.call(device, begin, signal), release: begin => this.release(device, begin) };
  }

  private enqueue(device: number, begin: (done: Done) => void, done: Done): DiskCall {
    let queue = this.queues.get(device);
    if (queue === undefined) {
      queue = { device, running: 0, waiting: new Set() };
      this.queues.set(device, queue);
    }
    const call: DiskCall = { queue, begin, done };
    queue.waiting.add(call);
    this.waiting++;
    this.startWaiting();
    return call;
  }

  /**
   * `submit` for those who await.
   *
   * @param signal takes the call back if it has not begun; otherwise its answer comes all the same.
   * @returns the answer, an errno with its sign turned included.
   */
  async call(device: number, begin: (done: Done) => void, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    let done!: Done;
    const answer = new Promise<number>(resolve => (done = resolve));
    const call = this.submit(device, begin, done);
    return unlessAborted(answer, signal, () => this.cancel(call));
  }

  /** Takes back a call that has not begun. @returns false if it has: its answer will come, and its memory is in use. */
  cancel(call: DiskCall): boolean {
    if (!call.queue.waiting.delete(call)) return false;
    this.waiting--;
    this.forgetIdle(call.queue);
    if (this.waiting === 0) this.places?.forget();
    return true;
  }

  private startWaiting(): void {
    if (this.letsOthersGo) return;
    let wantsPlace = true;
    while (wantsPlace && this.waiting > 0 && this.running < this.limits.calls) wantsPlace = this.startNext();
    if (this.waiting === 0) this.places?.forget();
  }

  /** @returns false: what waits has to go on waiting. */
  private startNext(): boolean {
    let isRefused = false;
    for (const queue of this.queues.values()) {
      if (queue.waiting.size === 0 || queue.running >= this.callsOn(queue.device)) continue;
      const place = this.places?.take(queue.device, isLocalDevice(queue.device)) ?? 0;
      if (place >= 0) {
        const [call] = queue.waiting;
        queue.waiting.delete(call);
        this.waiting--;
        // The turn passes to the other devices.
        this.queues.delete(queue.device);
        this.queues.set(queue.device, queue);
        this.start(call, place);
        return true;
      }
      isRefused = true;
    }
    if (isRefused) this.places?.whenLeft(() => this.startWaiting());
    return false;
  }

  private callsOn(device: number): number {
    const { callsPerDevice } = this.limits;
    return typeof callsPerDevice === 'number' ? callsPerDevice : callsPerDevice(device);
  }

  private start(call: DiskCall, place: number): void {
    const { queue } = call;
    queue.running++;
    this.running++;
    call.begin(result => {
      queue.running--;
      this.running--;
      this.forgetIdle(queue);
      if (this.places?.leave(place) === true && this.waiting > 0) this.letOthersGo();
      try {
        call.done(result);
      } finally {
        this.startWaiting();
      }
    });
  }

  private letOthersGo(): void {
    this.letsOthersGo = true;
    setTimeout(() => {
      this.letsOthersGo = false;
      this.startWaiting();
    }, LET_OTHERS_GO_MS);
  }

  private forgetIdle(queue: DeviceQueue): void {
    if (queue.running === 0 && queue.waiting.size === 0 && this.queues.get(queue.device) === queue) {
      this.queues.delete(queue.device);
    }
  }
}

/** The pool of this thread. */
export const diskPool = new DiskPool(undefined, poolPlaces);
