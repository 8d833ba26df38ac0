/**
 * The sizes of a socket's buffers. Linux clips what is over its maximum; FreeBSD refuses it with ENOBUFS
 * (kern.ipc.maxsockbuf, and sbsize of the login class). Here both clip.
 */
import { SOL_SOCKET, SO_RCVBUF, SO_SNDBUF } from '../ffi/constants.js';
import { ENOBUFS } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { getIntOption, setOption } from './socket.js';

/** How near the size that is found comes to the largest that the system takes. */
const STEP_BYTES = 4096;

/**
 * SO_SNDBUF or SO_RCVBUF: the size that was asked for, or the largest that the system takes.
 *
 * @returns what the system says the size is now: Linux counts double, FreeBSD as it was given.
 * @throws IoError as `setOption`.
 */
export function setBufferSize(fd: number, direction: 'send' | 'receive', lengthBytes: number): number {
  const name = direction === 'send' ? SO_SNDBUF : SO_RCVBUF;
  const refusal = refusalOf(fd, name, lengthBytes);
  if (refusal !== undefined && !isClipped(fd, name, lengthBytes)) throw refusal;
  return getIntOption(fd, SOL_SOCKET, name);
}

/** Sets the largest size below one that was refused. @returns false: not even the smallest is taken. */
function isClipped(fd: number, name: number, refusedBytes: number): boolean {
  let taken = 0;
  let refused = refusedBytes;
  while (refused - taken > STEP_BYTES) {
    const middle = Math.floor((taken + refused) / 2);
    if (refusalOf(fd, name, middle) === undefined) taken = middle;
    else refused = middle;
  }
  return taken > 0;
}

/** @returns why a size is too large; undefined: it is set. @throws IoError what else the system says. */
function refusalOf(fd: number, name: number, lengthBytes: number): IoError | undefined {
  try {
    setOption(fd, SOL_SOCKET, name, lengthBytes);
    return undefined;
  } catch (error) {
    if (error instanceof IoError && error.errno === ENOBUFS) return error;
    throw error;
  }
}
