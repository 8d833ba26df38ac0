/**
 * Which descriptors this thread has opened, in memory that another thread can read. They belong to the process and not to
 * the thread: when a worker is terminated nobody closes them, unless somebody is left who knows their numbers. A bit a
 * number, written by the owning thread alone, so it costs an `or` and no atomic operation; and another for those whose
 * numbers other threads use, which must not be a stranger's before they all have ceased to.
 */
import { resourceLimit } from './limits.js';

/** Beyond that no descriptor is recorded: two tables of 128 KiB, of which what is never touched costs nothing. */
const MAX_DESCRIPTORS = 2 ** 20;

let owned: Int32Array | undefined;
let lent: Int32Array | undefined;

/** Memory for the tables of one thread, large enough for every number that the process may have. */
export function allocateOwnedDescriptors(): SharedArrayBuffer {
  const descriptors = Math.min(resourceLimit('openFiles').hard, MAX_DESCRIPTORS);
  return new SharedArrayBuffer(2 * Math.ceil(descriptors / 32) * Int32Array.BYTES_PER_ELEMENT);
}

/** Records from now on what this thread opens and closes. */
export function recordOwnedDescriptors(memory: SharedArrayBuffer): void {
  [owned, lent] = tables(memory);
}

/** This thread has this descriptor from now on. @param fd negative for a call that failed. @returns fd. */
export function own(fd: number): number {
  // Without a table, and beyond its end, nothing is recorded: a store outside of a typed array has no effect.
  if (owned !== undefined && fd >= 0) owned[fd >> 5] |= 1 << (fd & 31);
  return fd;
}

/** Others are about to be told this number of this thread's, and use it until it is closed or they know of its end. */
export function lend(fd: number): void {
  if (lent !== undefined) lent[fd >> 5] |= 1 << (fd & 31);
}

/** This thread has it no more: before it is closed, since the number may be another thread's right after. */
export function disown(fd: number): void {
  if (owned === undefined || lent === undefined || fd < 0) return;
  owned[fd >> 5] &= ~(1 << (fd & 31));
  lent[fd >> 5] &= ~(1 << (fd & 31));
}

/** What a thread had when it ended, by number. */
export interface LeftDescriptors {
  /** Known to nobody else. */
  readonly own: number[];
  /** Known to other threads. */
  readonly lent: number[];
}

/** Only for a thread that has ended: nobody takes part in the writing. */
export function leftDescriptors(memory: SharedArrayBuffer): LeftDescriptors {
  const left: LeftDescriptors = { own: [], lent: [] };
  const [ownedThen, lentThen] = tables(memory);
  ownedThen.forEach((word, index) => {
    for (let bit = 0; word !== 0 && bit < 32; bit++) {
      const mask = 1 << bit;
      if ((word & mask) === 0) continue;
      ((lentThen[index] & mask) === 0 ? left.own : left.lent).push(index * 32 + bit);
    }
  });
  return left;
}

function tables(memory: SharedArrayBuffer): [owned: Int32Array, lent: Int32Array] {
  const half = memory.byteLength / 2;
  const words = half / Int32Array.BYTES_PER_ELEMENT;
  return [new Int32Array(memory, 0, words), new Int32Array(memory, half, words)];
}
