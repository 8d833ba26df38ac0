/** Whether a file's bytes are in memory. */
import { ENOSYS, EPERM } from '../ffi/errno.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

/** cachestat(2) has the same number on every architecture; Linux has had it since 6.5. */
const SYS_CACHESTAT = 451;
const PAGE_BYTES = 4096;

type Cachestat = (number: number, fd: number, range: number, result: number, flags: number) => number;
const cachestat = declare<Cachestat>('syscall', 'long', ['long', 'int', 'uintptr_t', 'uintptr_t', 'uint']);
const range = new NativeBlock(16);
const result = new NativeBlock(40);
let canAsk = platform === 'linux';

/**
 * Whether a range of a file is in memory as a whole, so that sending it does not wait for a disk.
 *
 * @returns undefined where nobody knows: another system, a Linux before 6.5, a sandbox that forbids the call, a file
 *   system that does not count.
 */
export function isResident(fd: number, offset: number, lengthBytes: number): boolean | undefined {
  if (!canAsk) return undefined;
  storeWord(range.u32, 0, offset);
  storeWord(range.u32, 2, lengthBytes);
  if (cachestat(SYS_CACHESTAT, fd, range.address, result.address, 0) < 0) {
    const code = errno();
    if (code === ENOSYS || code === EPERM) canAsk = false;
    return undefined;
  }
  const pages = Math.floor((offset + lengthBytes - 1) / PAGE_BYTES) - Math.floor(offset / PAGE_BYTES) + 1;
  return result.u32[0] >= pages;
}
