/**
 * What a file occupies: its length, its blocks, what is safe on the disk, and what the system should keep in memory.
 */
import { blockingCall, type Done } from '../ffi/blocking-call.js';
import { isRefusal } from '../ffi/errno.js';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE } from './file-constants.js';
import { hasFunction } from '../ffi/libc.js';
import { platform } from '../ffi/platform.js';

type Fd = [fd: number];

/** fsync(2) */
export const fsync = blockingCall<Fd>('fsync', 'int', ['int']);
const nativeFdatasync = hasFunction('fdatasync') ? blockingCall<Fd>('fdatasync', 'int', ['int']) : undefined;
/** ftruncate(2), which also lengthens. */
export const ftruncate = blockingCall<[fd: number, lengthBytes: number]>('ftruncate', 'int', ['int', 'int64_t']);

const fallocate = blockingCall<[fd: number, mode: number, offset: number, lengthBytes: number]>('fallocate', 'int', [
  'int',
  'int',
  'int64_t',
  'int64_t',
]);
const posixFallocate = blockingCall<[fd: number, offset: number, lengthBytes: number]>('posix_fallocate', 'int', [
  'int',
  'int64_t',
  'int64_t',
]);
const posixFadvise = blockingCall<[fd: number, offset: number, lengthBytes: number, advice: number]>(
  'posix_fadvise',
  'int',
  ['int', 'int64_t', 'int64_t', 'int'],
);

/** fdatasync(2), or fsync(2), which does more, where there is none or it is refused. */
export function fdatasync(fd: number, done: Done): void {
  if (nativeFdatasync === undefined) fsync(fd, done);
  else nativeFdatasync(fd, result => (isRefusal(-result) ? fsync(fd, done) : done(result)));
}

/**
 * Reserves blocks for a range and lengthens the file to hold it: fallocate(2) of Linux, posix_fallocate(2) elsewhere.
 */
export function allocate(fd: number, offset: number, lengthBytes: number, done: Done): void {
  if (platform === 'linux') fallocate(fd, 0, offset, lengthBytes, done);
  else posixFallocate(fd, offset, lengthBytes, answered(done));
}

/** Linux: makes a range a hole that reads as zeros, without changing the length. ENOSYS elsewhere. */
export function punchHole(fd: number, offset: number, lengthBytes: number, done: Done): void {
  fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, lengthBytes, done);
}

/** posix_fadvise(2); ENOSYS on macOS and OpenBSD. @param lengthBytes 0 for up to the end. */
export function advise(fd: number, offset: number, lengthBytes: number, advice: number, done: Done): void {
  posixFadvise(fd, offset, lengthBytes, advice, answered(done));
}

/** For calls that return an errno in place of -1. */
function answered(done: Done): Done {
  return result => done(result > 0 ? -result : result);
}
