/** Reading and writing around the page cache, which asks for memory, offsets and lengths on certain boundaries. */
import { F_NOCACHE } from './file-constants.js';
import { fcntl } from './io.js';
import { addressOf } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';
import { STATX, STATX_DIOALIGN, statxNow } from './statx.js';

/** What every disk of today is content with. */
const COMMON_ALIGNMENT_BYTES = 4096;

/**
 * The boundary for memory, offsets and lengths of direct calls on a file: what the kernel says, otherwise 4 KiB.
 *
 * @param isLocal its file system answers from memory. Others are not asked, since they may ask a server.
 */
export function directAlignment(fd: number, isLocal: boolean): number {
  const answer = isLocal ? statxNow(fd, STATX_DIOALIGN) : undefined;
  if (answer === undefined || (answer[STATX.mask] & STATX_DIOALIGN) === 0) return COMMON_ALIGNMENT_BYTES;
  return Math.max(answer[STATX.memoryAlign], answer[STATX.offsetAlign]) || COMMON_ALIGNMENT_BYTES;
}

/** macOS has no flag for open(2): the file is told afterwards. Elsewhere nothing is to do. @throws IoError ENOTSUP. */
export function bypassCache(fd: number): void {
  if (platform === 'darwin') fcntl(fd, F_NOCACHE, 1);
}

/** Zeroed memory that begins on a boundary. @param alignmentBytes a power of two. */
export function alignedBytes(lengthBytes: number, alignmentBytes: number): Uint8Array {
  const memory = new Uint8Array(lengthBytes + alignmentBytes);
  const beyond = addressOf(memory) % alignmentBytes;
  const start = beyond === 0 ? 0 : alignmentBytes - beyond;
  return memory.subarray(start, start + lengthBytes);
}
