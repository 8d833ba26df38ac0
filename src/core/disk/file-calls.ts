/** The system calls that move bytes between files and memory. An object, so that a test can be the kernel. */
import { preadv, pwritev, readNow, writeNow } from '../../sys/file/file-io.js';
import type { Done } from '../../sys/ffi/blocking-call.js';

type Vectored = (fd: number, iovecs: number, count: number, offset: number, done: Done) => void;
type VectoredNow = (fd: number, iovecs: number, count: number, offset: number) => number;

/** Results below 0 are errnos with their sign turned. */
export interface FileCalls {
  readonly preadv: Vectored;
  readonly pwritev: Vectored;
  /** What needs no disk; EAGAIN where it would, EOPNOTSUPP or ENOSYS where nobody can tell. */
  readonly readNow: VectoredNow;
  readonly writeNow: VectoredNow;
}

export const nativeFileCalls: FileCalls = { preadv, pwritev, readNow, writeNow };
