/** What sending a file asks of the disk. An object, so that a test can be the disk. */
import { NativeBlock } from '../../sys/memory.js';
import { isResident, readInBackground } from '../../sys/page-cache.js';
import { READ_AHEAD_BYTES } from '../limits.js';

export interface FileReads {
  /** Whether a range can be sent without waiting for a disk; undefined where nobody knows. */
  isResident(fd: number, offset: number, lengthBytes: number): boolean | undefined;
  /** Reads without keeping this thread; `done` is told in a later turn: bytes, 0 at the end of the file, -1 and an errno. */
  read(
    fd: number,
    address: number,
    lengthBytes: number,
    offset: number,
    done: (bytes: number, errno: number) => void,
  ): void;
}

export const nativeFileReads: FileReads = { isResident, read: readInBackground };

let scratch: NativeBlock | undefined;

/**
 * Where bytes go that are read only to have them in memory. Nobody looks at it, so all reads of a thread write there, also
 * at the same time.
 */
export function scratchAddress(): number {
  scratch ??= new NativeBlock(READ_AHEAD_BYTES);
  return scratch.address;
}
