/** pwritev(2) in this thread, for disks that a test plays. */
import { declare } from '../../src/sys/ffi/libc.js';
import { NativeBlock } from '../../src/sys/ffi/memory.js';

const pwritev = declare<(fd: number, iovecs: number, count: number, offset: number) => number>('pwritev', 'int64_t', [
  'int',
  'uintptr_t',
  'int',
  'int64_t',
]);
const memcpy = declare<(to: number, from: number, lengthBytes: number) => number>('memcpy', 'uintptr_t', [
  'uintptr_t',
  'uintptr_t',
  'size_t',
]);

/** Writes a share of what the table has, at least a byte. @returns bytes written. */
export function writev(fd: number, iovecs: number, count: number, offset: number, share: number): number {
  const table = new NativeBlock(count * 16);
  memcpy(table.address, iovecs, count * 16);
  const lengths = Array.from({ length: count }, (_, index) => table.u32[index * 4 + 2]);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let left = Math.max(1, Math.floor(total * share));
  let used = 0;
  while (used < count && left > 0) {
    const length = Math.min(lengths[used], left);
    table.u32[used * 4 + 2] = length;
    left -= length;
    used++;
  }
  return pwritev(fd, table.address, used, offset);
}
