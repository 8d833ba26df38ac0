/**
 * splice(2) and the pipes that it needs: bytes from one descriptor to another without passing through the process.
 * Linux.
 */
import { F_GETPIPE_SZ, F_SETPIPE_SZ } from '../ffi/constants.js';
import { close, fcntl, pipe } from '../file/io.js';
import { declare, errno } from '../ffi/libc.js';
import { platform } from '../ffi/platform.js';

/** An object, so that a test can be the kernel. */
export interface SpliceCalls {
  /**
   * splice(2) without waiting; one of the two must be a pipe.
   *
   * SPLICE_F_MORE is never given: the kernel holds back a packet that is not full for up to 200 ms in wait for more,
   * and nobody here knows of more than the call is given. Between the pages of one call the kernel sets it by itself.
   *
   * @returns bytes moved, 0 at the end of the stream, -1 with `errno()`.
   */
  splice(from: number, to: number, lengthBytes: number): number;
  errno(): number;
}

/** What pipes cost: descriptors, and pages that the kernel counts against the user (pipe(7), /proc/sys/fs/pipe-*). */
export interface PipeCalls {
  /** @returns [read end, write end] @throws IoError EMFILE, ENFILE. */
  open(): [number, number];
  /**
   * Asks for another capacity.
   * @returns the one that it has then.
   * @throws IoError EPERM past the user's quota, EBUSY.
   */
  resize(fd: number, lengthBytes: number): number;
  /** @returns the capacity. @throws IoError EBADF. */
  capacity(fd: number): number;
  close(fd: number): void;
}

const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

type Splice = (
  from: number,
  fromOffsetAddress: number,
  to: number,
  toOffsetAddress: number,
  lengthBytes: number,
  flags: number,
) => number;

let chosen: SpliceCalls | undefined;

/** splice of this machine; undefined where the system has none. */
export function nativeSplice(): SpliceCalls | undefined {
  if (platform !== 'linux') return undefined;
  if (chosen === undefined) {
    const types = ['int', 'uintptr_t', 'int', 'uintptr_t', 'size_t', 'uint'];
    const splice = declare<Splice>('splice', 'int', types);
    chosen = { splice: (from, to, lengthBytes) => splice(from, 0, to, 0, lengthBytes, FLAGS), errno };
  }
  return chosen;
}

export const nativePipes: PipeCalls = {
  open: pipe,
  resize: (fd, lengthBytes) => fcntl(fd, F_SETPIPE_SZ, lengthBytes),
  capacity: fd => fcntl(fd, F_GETPIPE_SZ, 0),
  close,
};
