/** select(2) through koffi: the sets of descriptors, and the call. Nothing here knows of Pollux. */
import koffi from 'koffi';

/** FD_SETSIZE: an fd_set has room for descriptors below this, whatever `ulimit -n` says. */
export const SET_SIZE = 1024;

// null is the running program, which has the C library linked in.
const nativeSelect = koffi
  .load(null)
  .func('int select(int count, void *readable, void *writable, void *exceptional, void *timeout)') as (
  count: number,
  readable: Uint8Array,
  writable: Uint8Array,
  exceptional: Uint8Array,
  timeout: Int32Array | null,
) => number;

/** struct timeval: seconds and microseconds in 64 bits each, of which the low halves (0 and 2) are enough here. */
const timeval = new Int32Array(4);

/** Three fd_sets. On a little-endian machine descriptor n is bit n % 8 of byte n / 8, however wide the kernel's words are. */
export class DescriptorSets {
  readonly readable = new Uint8Array(SET_SIZE / 8);
  readonly writable = new Uint8Array(SET_SIZE / 8);
  readonly exceptional = new Uint8Array(SET_SIZE / 8);

  copyFrom(other: DescriptorSets): void {
    this.readable.set(other.readable);
    this.writable.set(other.writable);
    this.exceptional.set(other.exceptional);
  }
}

export function setBit(set: Uint8Array, fd: number, on: boolean): void {
  const bit = 1 << (fd & 7);
  if (on) set[fd >> 3] |= bit;
  else set[fd >> 3] &= ~bit;
}

export function hasBit(set: Uint8Array, fd: number): boolean {
  return (set[fd >> 3] & (1 << (fd & 7))) !== 0;
}

/**
 * select(2) on descriptors 0 to `count` - 1. The sets are overwritten with what is ready.
 *
 * @param timeoutUs -1 for ever; below 2^31 seconds.
 * @returns the number of bits set, or a negative errno.
 */
export function select(count: number, sets: DescriptorSets, timeoutUs: number): number {
  // Stored before every call, since Linux overwrites it with the time that is left.
  timeval[0] = Math.floor(timeoutUs / 1e6);
  timeval[2] = timeoutUs % 1e6;
  const result = nativeSelect(count, sets.readable, sets.writable, sets.exceptional, timeoutUs < 0 ? null : timeval);
  return result < 0 ? -koffi.errno() : result;
}
