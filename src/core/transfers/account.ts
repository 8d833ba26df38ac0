/** What a transfer did: filled by its engine as the bytes move, read by the user at any time and after the end. */
import { threadState } from '../../base/thread-state.js';

/**
 * How bytes were moved: by which call of the kernel, or through our buffers.
 * `reflink` shares the blocks of two files and moves nothing; `none`: there was nothing to move, or nothing but holes.
 */
export type TransferPath = 'sendfile' | 'splice' | 'so_splice' | 'copy_file_range' | 'reflink' | 'buffers' | 'none';

/** Bytes that this thread has copied from file to file, by path. */
export const copiedBytes = threadState('bytes copied from file to file', () => ({
  reflink: 0,
  copy_file_range: 0,
  buffers: 0,
}));

/** What a transfer has moved, and by which path. */
export class TransferAccount {
  /** Bytes taken from the source. Those that `before` and `after` added to a file are among them. */
  bytesIn = 0;
  /** Bytes that the sink took. Of a connection: those that its kernel took, which the peer may not have read yet. */
  bytesOut = 0;
  /** System calls that moved bytes or tried to. */
  calls = 0;
  /** Why a faster path was not taken, or was left: the call and the name of its errno ('sendfile: EINVAL'). */
  fallback: string | undefined = undefined;
  /** Bytes taken from the source that the sink has not taken: in a pipe or a buffer. 0 after a transfer went well. */
  residueBytes = 0;

  /** @param path the one that is tried first; the engine replaces it when it has to fall back. */
  constructor(public path: TransferPath) {}

  /** Bytes that arrived: `bytesOut`. */
  get bytes(): number {
    return this.bytesOut;
  }
}
