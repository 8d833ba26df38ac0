/**
 * Reading and writing at offsets: on a pool thread, or at once where the system has everything in memory. Offsets are
 * bytes, exact up to 2^53.
 */
import { blockingCall } from '../ffi/blocking-call.js';
import { ENOSYS } from '../ffi/errno.js';
import { RWF_NOWAIT } from './file-constants.js';
import { declare, errno, hasFunction } from '../ffi/libc.js';

type Bytes = [fd: number, address: number, lengthBytes: number, offset: number];
type Vector = [fd: number, iovecs: number, count: number, offset: number];
const bytes = ['int', 'uintptr_t', 'size_t', 'int64_t'];
const vector = ['int', 'uintptr_t', 'int', 'int64_t'];

/** pread(2): bytes read, 0 at the end of the file. */
export const pread = blockingCall<Bytes>('pread', 'int64_t', bytes);
/** pwrite(2) */
export const pwrite = blockingCall<Bytes>('pwrite', 'int64_t', bytes);
/** preadv(2) into an array of struct iovec. macOS has it since 11. */
export const preadv = blockingCall<Vector>('preadv', 'int64_t', vector);
/** pwritev(2) */
export const pwritev = blockingCall<Vector>('pwritev', 'int64_t', vector);

type VectorNow = (fd: number, iovecs: number, count: number, offset: number, flags: number) => number;
const preadv2 = declare<VectorNow>('preadv2', 'int64_t', [...vector, 'int']);
const pwritev2 = declare<VectorNow>('pwritev2', 'int64_t', [...vector, 'int']);

/** Whether the C library can ask without waiting: Linux with glibc, or with a musl of 2024 or later. */
export const canReadNow = hasFunction('preadv2') && hasFunction('pwritev2');

/**
 * Reads, in this thread, what is in memory: preadv2(2) with RWF_NOWAIT.
 *
 * @returns bytes, 0 at the end of the file, or an errno with its sign turned: EAGAIN if the disk would have to be
 *   waited for, EOPNOTSUPP if this file system can't tell.
 */
export function readNow(fd: number, iovecs: number, count: number, offset: number): number {
  if (!canReadNow) return -ENOSYS;
  const result = preadv2(fd, iovecs, count, offset, RWF_NOWAIT);
  return result < 0 ? -errno() : result;
}

/** Writes, in this thread, what needs no disk to be waited for; answers as `readNow`. */
export function writeNow(fd: number, iovecs: number, count: number, offset: number): number {
  if (!canReadNow) return -ENOSYS;
  const result = pwritev2(fd, iovecs, count, offset, RWF_NOWAIT);
  return result < 0 ? -errno() : result;
}
