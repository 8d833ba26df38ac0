/** Names and numbers of errno on this platform, as Node's own headers had them. */
import os from 'node:os';

const numbers: Record<string, number> = { ...os.constants.errno };
const names = new Map<number, string>();
// Where two names share a number, the one that people search for comes first.
for (const name of ['EAGAIN', 'ENOTSUP', ...Object.keys(numbers)]) {
  const number = numbers[name];
  if (number !== undefined && !names.has(number)) names.set(number, name);
}

/** 'ECONNREFUSED' for its number here; 'errno 4711' for a number without a name. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** The number of an errno name on this platform; -1 where the platform has no such error. */
export function errnoNumber(name: string): number {
  return numbers[name] ?? -1;
}

export const EACCES = errnoNumber('EACCES');
export const EAGAIN = errnoNumber('EAGAIN');
export const EBADF = errnoNumber('EBADF');
export const EBUSY = errnoNumber('EBUSY');
export const ECONNABORTED = errnoNumber('ECONNABORTED');
export const ECONNREFUSED = errnoNumber('ECONNREFUSED');
export const ECONNRESET = errnoNumber('ECONNRESET');
export const EEXIST = errnoNumber('EEXIST');
export const EINPROGRESS = errnoNumber('EINPROGRESS');
export const EINTR = errnoNumber('EINTR');
export const EINVAL = errnoNumber('EINVAL');
export const ECANCELED = errnoNumber('ECANCELED');
export const EIO = errnoNumber('EIO');
export const EISDIR = errnoNumber('EISDIR');
export const ELOOP = errnoNumber('ELOOP');
export const EMFILE = errnoNumber('EMFILE');
export const EMLINK = errnoNumber('EMLINK');
export const ENAMETOOLONG = errnoNumber('ENAMETOOLONG');
export const ENFILE = errnoNumber('ENFILE');
export const ENOBUFS = errnoNumber('ENOBUFS');
export const ENOENT = errnoNumber('ENOENT');
export const ENOMEM = errnoNumber('ENOMEM');
export const ENOSPC = errnoNumber('ENOSPC');
export const ENOSYS = errnoNumber('ENOSYS');
export const ENOTCONN = errnoNumber('ENOTCONN');
export const ENOTDIR = errnoNumber('ENOTDIR');
export const ENOTSOCK = errnoNumber('ENOTSOCK');
export const ENOTSUP = errnoNumber('ENOTSUP');
export const ENXIO = errnoNumber('ENXIO');
export const EOPNOTSUPP = errnoNumber('EOPNOTSUPP');
export const EPERM = errnoNumber('EPERM');
export const EPIPE = errnoNumber('EPIPE');
export const EPROTO = errnoNumber('EPROTO');
export const ETIMEDOUT = errnoNumber('ETIMEDOUT');
export const EXDEV = errnoNumber('EXDEV');

const REFUSALS = new Set([EPERM, EACCES, ENOSYS, EINVAL, ENOTSUP, EOPNOTSUPP]);

/**
 * Whether a call that the program can do without may have been refused as such, by a kernel that lacks it, a file
 * system that can't or a sandbox that forbids it. Then the plain way is gone, which names the true error if there is
 * one.
 */
export function isRefusal(errno: number): boolean {
  return REFUSALS.has(errno);
}

/** Whether a call failed only because it would have blocked. EWOULDBLOCK is the same number on every platform here. */
export function wouldBlock(errno: number): boolean {
  return errno === EAGAIN;
}
