/**
 * Calls on any descriptor. They return what the call returned: -1 with `errno()` for the hot ones, or throw IoError for
 * those that open, close and configure, whose failure is always news.
 */
import { F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC } from '../ffi/constants.js';
import { O_ACCMODE, O_CLOEXEC, O_NONBLOCK } from '../ffi/constants.js';
import { ECONNRESET, EINTR } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno, hasFunction } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { endLoan, holder, owners } from './owned-descriptors.js';

/** read(2), up to 2 GiB - 1. */
export const read = declare<(fd: number, address: number, lengthBytes: number) => number>('read', 'int', [
  'int',
  'uintptr_t',
  'size_t',
]);

/** write(2), up to 2 GiB - 1. */
export const write = declare<(fd: number, address: number, lengthBytes: number) => number>('write', 'int', [
  'int',
  'uintptr_t',
  'size_t',
]);

const nativeClose = declare<(fd: number) => number>('close', 'int', ['int']);
const nativeDup2 = declare<(fd: number, onto: number) => number>('dup2', 'int', ['int', 'int']);
const nativePipe = declare<(address: number) => number>('pipe', 'int', ['uintptr_t']);
const nativePipe2 = declare<(address: number, flags: number) => number>('pipe2', 'int', ['uintptr_t', 'int']);
const nativeFcntl = declare<(fd: number, command: number, type: 'int', value: number) => number>('fcntl', 'int', [
  'int',
  'int',
  '...',
]);
const hasPipe2 = hasFunction('pipe2');

let closing: ((fd: number) => void) | undefined;

/** From now on `release` is told of each descriptor of this thread before it is closed. */
export function beforeClose(release: (fd: number) => void): void {
  closing = release;
}

/**
 * What close(2) says of a connection, and not of the close: a signal came, or on FreeBSD the peer's reset. That is told
 * by the calls that send and receive.
 */
const NO_FAILURES = new Set([EINTR, ECONNRESET]);

/**
 * close(2). The number is free afterwards whatever it answers: it must not be retried.
 *
 * @throws IoError EBADF: it was not open; EIO, ENOSPC, EDQUOT: it is closed, and bytes written before are lost.
 */
export function close(fd: number): void {
  if (closing !== undefined) closing(fd);
  owners[fd] = 0;
  if (nativeClose(fd) < 0 && !NO_FAILURES.has(errno())) throw new IoError(errno(), 'close', `descriptor ${fd}`);
}

/** As `close`, of a descriptor that was lent to other threads: once none of them is writing to it. */
export function closeLent(fd: number): void {
  endLoan(fd);
  close(fd);
}

/** As dup(2), and close-on-exec before any thread can start a program. @throws IoError EBADF, EMFILE. */
export function dup(fd: number): number {
  const copy = nativeFcntl(fd, F_DUPFD_CLOEXEC, 'int', 0);
  if (copy >= 0) owners[copy] = holder;
  if (copy < 0) throw new IoError(errno(), 'dup', `descriptor ${fd}`);
  return copy;
}

/** dup2(2): `onto` is closed first if it is open. @throws IoError EBADF. */
export function dup2(fd: number, onto: number): void {
  if (nativeDup2(fd, onto) < 0) throw new IoError(errno(), 'dup2', `descriptor ${fd} onto ${onto}`);
}

/** fcntl(2) with an integer argument. @throws IoError what the kernel refused. */
export function fcntl(fd: number, command: number, value: number): number {
  const result = nativeFcntl(fd, command, 'int', value);
  if (result < 0) throw new IoError(errno(), 'fcntl', `descriptor ${fd}`);
  return result;
}

/** Whether the number names an open descriptor. */
export function isOpen(fd: number): boolean {
  return nativeFcntl(fd, F_GETFD, 'int', 0) >= 0;
}

/** What it was opened for: O_RDONLY, O_WRONLY or O_RDWR. @throws IoError EBADF. */
export function accessMode(fd: number): number {
  return statusFlags(fd) & O_ACCMODE;
}

/** What it was opened with: O_RDWR, O_NONBLOCK, O_APPEND. @throws IoError EBADF. */
export function statusFlags(fd: number): number {
  return fcntl(fd, F_GETFL, 0);
}

export function setNonBlocking(fd: number): void {
  const flags = fcntl(fd, F_GETFL, 0);
  if ((flags & O_NONBLOCK) === 0) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

export function setCloseOnExec(fd: number): void {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
}

const pair = new NativeBlock(8);

/**
 * A pipe, non-blocking and close-on-exec at both ends.
 *
 * @returns [read end, write end]
 * @throws IoError EMFILE, ENFILE.
 */
export function pipe(): [number, number] {
  const result = hasPipe2 ? nativePipe2(pair.address, O_NONBLOCK | O_CLOEXEC) : nativePipe(pair.address);
  if (result === 0) {
    owners[pair.i32[0]] = holder;
    owners[pair.i32[1]] = holder;
  }
  if (result < 0) throw new IoError(errno(), 'pipe');
  const ends: [number, number] = [pair.i32[0], pair.i32[1]];
  if (!hasPipe2) {
    for (const fd of ends) {
      setNonBlocking(fd);
      setCloseOnExec(fd);
    }
  }
  return ends;
}
