/** What the model's kernel says no with: the name of an errno. */
import { errnoNumber } from '../../sys/ffi/errno.js';

export class Refusal extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** The numbers of 4.4BSD, which FreeBSD, macOS, OpenBSD and NetBSD have kept. */
const numbers: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  ENXIO: 6,
  EBADF: 9,
  EIO: 5,
  ECHILD: 10,
  ENOMEM: 12,
  EFAULT: 14,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EPIPE: 32,
  EAGAIN: 35,
  EINPROGRESS: 36,
  EALREADY: 37,
  ENOTSOCK: 38,
  EDESTADDRREQ: 39,
  EMSGSIZE: 40,
  ENOPROTOOPT: 42,
  // The first name of a number is what the model says.
  EOPNOTSUPP: 45,
  ENOTSUP: 45,
  EADDRINUSE: 48,
  ECONNABORTED: 53,
  ECONNRESET: 54,
  ENOBUFS: 55,
  EISCONN: 56,
  ENOTCONN: 57,
  ETIMEDOUT: 60,
  ECONNREFUSED: 61,
  ENOTEMPTY: 66,
};

const names = new Map(
  Object.entries(numbers)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** undefined where the model knows no number for it. */
export function bsdErrnoIfKnown(name: string): number | undefined {
  return numbers[name];
}

/** @throws RangeError the model knows no number for it. */
export function bsdErrno(name: string): number {
  const number = numbers[name];
  if (number === undefined) throw new RangeError(`errno: '${name}' has no number in the model`);
  return number;
}

export function bsdErrnoName(number: number): string | undefined {
  return names.get(number);
}

/** A BSD's number as this machine numbers the same error. */
export function hostErrnoOf(number: number): number {
  const name = names.get(number);
  return name === undefined ? number : errnoNumber(name);
}
