/** Whether a file's bytes are in memory, and how to get them there without waiting in this thread. */
import { declare, declareBlocking, errno, type Returned } from './libc.js';
import { EINTR, ENOSYS, EPERM } from './errno.js';
import { NativeBlock, storeWord } from './memory.js';
import { platform } from './platform.js';

/** cachestat(2) has the same number on every architecture; Linux has had it since 6.5. */
const SYS_CACHESTAT = 451;
const PAGE_BYTES = 4096;

type Cachestat = (number: number, fd: number, range: number, result: number, flags: number) => number;
const cachestat = declare<Cachestat>('syscall', 'long', ['long', 'int', 'uintptr_t', 'uintptr_t', 'uint']);
const pread = declareBlocking<[fd: number, address: number, lengthBytes: number, offset: number]>('pread', 'int64_t', [
  'int',
  'uintptr_t',
  'size_t',
  'int64_t',
]);

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

/**
 * pread(2) on a pool thread: it may wait for the disk.
 *
 * @param address of memory that stays until the end.
 * @param done told in a later turn: how many bytes, 0 at the end of the file; -1 with an errno.
 */
export function readInBackground(
  fd: number,
  address: number,
  lengthBytes: number,
  offset: number,
  done: (bytes: number, errno: number) => void,
): void {
  const returned: Returned = (failure, bytes) => {
    if (failure !== null) throw failure;
    const code = bytes < 0 ? errno() : 0;
    if (code === EINTR) pread(fd, address, lengthBytes, offset, returned);
    else done(bytes, code);
  };
  pread(fd, address, lengthBytes, offset, returned);
}
