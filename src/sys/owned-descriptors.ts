/**
 * Which descriptors this thread has opened, in memory that another thread can read. They belong to the process and not to
 * the thread: when a worker is terminated nobody closes them, unless somebody is left who knows their numbers. A bit a
 * number, written by the owning thread alone, so it costs an `or` and no atomic operation.
 */
import { resourceLimit } from './limits.js';

/** Beyond that no descriptor is recorded: a table of 128 KiB, of which what is never touched costs nothing. */
const MAX_DESCRIPTORS = 2 ** 20;

let table: Int32Array | undefined;

/** Memory for the table of one thread, large enough for every number that the process may have. */
export function allocateOwnedDescriptors(): SharedArrayBuffer {
  const descriptors = Math.min(resourceLimit('openFiles').hard, MAX_DESCRIPTORS);
  return new SharedArrayBuffer(Math.ceil(descriptors / 32) * 4);
}

/** Records from now on what this thread opens and closes. */
export function recordOwnedDescriptors(memory: SharedArrayBuffer): void {
  table = new Int32Array(memory);
}

/** This thread has this descriptor from now on. @param fd negative for a call that failed. @returns fd. */
export function own(fd: number): number {
  // Without a table, and beyond its end, nothing is recorded: a store outside of a typed array has no effect.
  if (table !== undefined && fd >= 0) table[fd >> 5] |= 1 << (fd & 31);
  return fd;
}

/** This thread has it no more: before it is closed, since the number may be another thread's right after. */
export function disown(fd: number): void {
  if (table !== undefined && fd >= 0) table[fd >> 5] &= ~(1 << (fd & 31));
}

/** The numbers that a thread had when it ended. Only for a thread that has ended: nobody takes part in the writing. */
export function leftDescriptors(memory: SharedArrayBuffer): number[] {
  const left: number[] = [];
  new Int32Array(memory).forEach((word, index) => {
    for (let bit = 0; word !== 0 && bit < 32; bit++) if ((word & (1 << bit)) !== 0) left.push(index * 32 + bit);
  });
  return left;
}
