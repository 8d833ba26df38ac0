/**
 * Whether a descriptor was opened for what is asked of it: known before the first byte, where the call itself would
 * be late.
 */
import { EBADF, EINVAL } from '../../sys/ffi/errno.js';
import { O_DIRECT, O_PATH, O_RDONLY, O_WRONLY } from '../../sys/file/file-constants.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { isOpen } from '../../sys/file/io.js';
import { O_ACCMODE } from '../../sys/ffi/constants.js';

export type Access = 'reading' | 'writing';

/**
 * Whether a transfer can read the file, or write it.
 *
 * @param flags O_... that it was opened with.
 * @throws IoError EBADF: it is not open for this; EINVAL: it goes around the page cache, where a call off the
 *   boundaries of the disk fails, and a transfer begins and ends wherever the user says.
 */
export function checkAccess(flags: number, access: Access, syscall: string, target: string): void {
  if (!isOpenFor(flags, access)) throw new IoError(EBADF, syscall, target, `the file is not open for ${access}`);
  if ((flags & O_DIRECT) === 0) return;
  const explanation = 'a direct file (O_DIRECT); allowed: files that go through the page cache';
  throw new IoError(EINVAL, syscall, target, explanation);
}

export function isOpenFor(flags: number, access: Access): boolean {
  // Of Linux: a place in the file system, of which nothing is read or written.
  if (O_PATH !== O_RDONLY && (flags & O_PATH) !== 0) return false;
  return (flags & O_ACCMODE) !== (access === 'reading' ? O_WRONLY : O_RDONLY);
}

/** What the bare errno does not tell: what the file was not opened for. */
export function whyRefused(file: { fd: number; flags: number }, errno: number, syscall: string): string | undefined {
  // ftruncate(2) says so by EINVAL.
  if (errno !== EBADF && !(errno === EINVAL && syscall === 'ftruncate')) return undefined;
  const access = syscall === 'preadv' ? 'reading' : 'writing';
  return !isOpen(file.fd) || isOpenFor(file.flags, access) ? undefined : `the file is not open for ${access}`;
}
