/**
 * The places that Pollux's calls have on libuv's pool, in memory that all threads of the process share, as they share
 * the pool: if each thread counted its own calls, two of them whose disks hang would have all of the pool.
 *
 * A call takes a place before it begins. The word of a place says whose it is and on which device, so that the places
 * of a thread that ended are found: Node ends none before its calls on the pool have come back.
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import { holder } from '../../sys/file/owned-descriptors.js';
import { DISK_CALLS, DISK_CALLS_PER_DEVICE, DISK_CALLS_PER_SERVER, DISK_CALLS_TO_SERVERS } from '../limits.js';

/** One for each reason to wait; it counts the places that were left. */
const ANY = 0;
const SERVERS = 1;
const FIRST_DEVICE = 2;
/** Devices that share a word wake each other for nothing. */
const DEVICE_WORDS = 16;
const PLACES_AT = FIRST_DEVICE + DEVICE_WORDS;

/**
 * In the word of a place, which is 0 while nobody has it: a device, whether it is a server, and a holder of
 * descriptors.
 */
const DEVICE_BITS = 17;
const DEVICE_MASK = (1 << DEVICE_BITS) - 1;
const SERVER = 1 << DEVICE_BITS;
const HOLDER_SHIFT = DEVICE_BITS + 1;

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const ENVIRONMENT_KEY = 'pollux: places on the pool, 1';

export interface PlaceLimits {
  readonly perDevice: number;
  readonly perServer: number;
  /** On all devices that are not of this machine. */
  readonly toServers: number;
}

/** Where the runtime can't wait for a word beside its loop. */
const LOOK_AGAIN_MS = 10;

type WaitAsync = (words: Int32Array, index: number, value: number) => { readonly value: string | Promise<string> };
const { waitAsync } = Atomics as unknown as { waitAsync?: WaitAsync };

export class PoolPlaces {
  private readonly words: Int32Array;
  private readonly places: number;
  /** What the last refusals wait for, and how often that had come before. */
  private readonly refused = new Map<number, number>();
  /** Words that are waited for. */
  private readonly awaited = new Set<number>();
  private tell: (() => void) | undefined = undefined;
  /** Keeps the process alive while a call waits for other threads. */
  private keepAlive: NodeJS.Timeout | undefined = undefined;

  /** @param memory shared by those that share the pool. @param owner a holder: whose places these are. */
  constructor(
    memory: SharedArrayBuffer,
    private readonly limits: PlaceLimits,
    private readonly owner = holder,
  ) {
    this.words = new Int32Array(memory);
    this.places = this.words.length - PLACES_AT;
  }

  static memoryFor(places: number): SharedArrayBuffer {
    return new SharedArrayBuffer((PLACES_AT + places) * Int32Array.BYTES_PER_ELEMENT);
  }

  /** @param device st_dev. @returns a place; -1: there is none now, and `whenLeft` waits for one. */
  take(device: number, isLocal: boolean): number {
    const { words } = this;
    const value = wordOf(device, isLocal, this.owner);
    const anySeen = Atomics.load(words, ANY);
    const serversSeen = Atomics.load(words, SERVERS);
    const deviceSeen = Atomics.load(words, deviceWord(value));
    // Looked at before, so that who finds no place disturbs nobody; and after, since others may have done so at once.
    let reason = this.isFullFor(value, 0);
    if (reason < 0) {
      const place = this.takeFree(value);
      if (place >= 0) {
        reason = this.isFullFor(value, 1);
        if (reason < 0) return place;
        this.leave(place);
      } else {
        reason = ANY;
      }
    }
    this.refused.set(reason, reason === ANY ? anySeen : reason === SERVERS ? serversSeen : deviceSeen);
    return -1;
  }

  /** Gives a place back. @returns whether other threads have waited for it. */
  leave(place: number): boolean {
    const { words } = this;
    const value = Atomics.exchange(words, PLACES_AT + place, 0);
    let woken = this.count(ANY) + this.count(deviceWord(value));
    if ((value & SERVER) !== 0) woken += this.count(SERVERS);
    return woken > 0;
  }

  /** Gives the places back of threads that ended. */
  leaveAllOf(holders: readonly number[]): void {
    for (let place = 0; place < this.places; place++) {
      if (holders.includes(Atomics.load(this.words, PLACES_AT + place) >>> HOLDER_SHIFT)) this.leave(place);
    }
    // One that ended within `leave` may not have said so.
    for (let reason = 0; reason < PLACES_AT; reason++) this.count(reason);
  }

  /** Tells once, later, that there may be a place again for what was refused since the last call of this. */
  whenLeft(tell: () => void): void {
    this.tell = tell;
    this.keepAlive ??= setTimeout(() => {}, LONGEST_TIMER_MS);
    for (const [reason, seen] of this.refused) {
      if (this.awaited.has(reason)) continue;
      this.awaited.add(reason);
      const onLeft = (): void => {
        this.awaited.delete(reason);
        const told = this.tell;
        this.forget();
        told?.();
      };
      if (waitAsync === undefined) setTimeout(onLeft, LOOK_AGAIN_MS);
      else void Promise.resolve(waitAsync(this.words, reason, seen).value).then(onLeft);
    }
    this.refused.clear();
  }

  /** Nobody waits any more. */
  forget(): void {
    this.tell = undefined;
    clearTimeout(this.keepAlive);
    this.keepAlive = undefined;
  }

  /** @param own places that the call has itself. @returns what to wait for; -1: there is room. */
  private isFullFor(value: number, own: number): number {
    const { words, limits, places } = this;
    const isServer = (value & SERVER) !== 0;
    let onDevice = -own;
    let toServers = -own;
    for (let index = PLACES_AT; index < PLACES_AT + places; index++) {
      const taken = Atomics.load(words, index);
      if (taken === 0) continue;
      if (((taken ^ value) & (DEVICE_MASK | SERVER)) === 0) onDevice++;
      if ((taken & SERVER) !== 0) toServers++;
    }
    if (onDevice >= (isServer ? limits.perServer : limits.perDevice)) return deviceWord(value);
    return isServer && toServers >= limits.toServers ? SERVERS : -1;
  }

  private takeFree(value: number): number {
    for (let place = 0; place < this.places; place++) {
      if (Atomics.compareExchange(this.words, PLACES_AT + place, 0, value) === 0) return place;
    }
    return -1;
  }

  /** @returns how many were waiting for it. */
  private count(reason: number): number {
    Atomics.add(this.words, reason, 1);
    return Atomics.notify(this.words, reason);
  }
}

/** Numbers of devices that are equal here share their limits. */
function wordOf(device: number, isLocal: boolean, owner: number): number {
  return (owner << HOLDER_SHIFT) | (isLocal ? 0 : SERVER) | (Math.abs(device) % DEVICE_MASK);
}

function deviceWord(value: number): number {
  return FIRST_DEVICE + ((value & DEVICE_MASK) % DEVICE_WORDS);
}

const LIMITS: PlaceLimits = {
  perDevice: DISK_CALLS_PER_DEVICE,
  perServer: DISK_CALLS_PER_SERVER,
  toServers: DISK_CALLS_TO_SERVERS,
};

function sharedMemory(): SharedArrayBuffer {
  const inherited = getEnvironmentData(ENVIRONMENT_KEY) as unknown as SharedArrayBuffer | undefined;
  if (inherited !== undefined) return inherited;
  const memory = PoolPlaces.memoryFor(DISK_CALLS);
  setEnvironmentData(ENVIRONMENT_KEY, memory);
  return memory;
}

/** Of this process. */
export const poolPlaces = new PoolPlaces(sharedMemory(), LIMITS);
