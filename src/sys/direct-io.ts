/** Reading and writing around the page cache, which asks for memory, offsets and lengths on certain boundaries. */
import { F_NOCACHE } from './file-constants.js';
import { fcntl } from './io.js';
import { declare, hasFunction } from './libc.js';
import { addressOf, NativeBlock } from './memory.js';
import { platform } from './platform.js';

/** Linux: statx(2) of the descriptor itself. */
const AT_EMPTY_PATH = 0x1000;
/** Linux 6.1: stx_dio_mem_align and stx_dio_offset_align. */
const STATX_DIOALIGN = 0x2000;
const STATX_BYTES = 256;
const MASK_WORD = 0;
const MEMORY_ALIGN_WORD = 0x98 / 4;
const OFFSET_ALIGN_WORD = 0x9c / 4;

/** What every disk of today is content with. */
const COMMON_ALIGNMENT_BYTES = 4096;

type Statx = (fd: number, path: number, flags: number, mask: number, result: number) => number;
const statx =
  platform === 'linux' && hasFunction('statx')
    ? declare<Statx>('statx', 'int', ['int', 'uintptr_t', 'int', 'uint', 'uintptr_t'])
    : undefined;

/** The boundary for memory, offsets and lengths of direct calls on a file: what the kernel says, otherwise 4 KiB. */
export function directAlignment(fd: number): number {
  if (statx === undefined) return COMMON_ALIGNMENT_BYTES;
  const emptyPath = new NativeBlock(8);
  const result = new NativeBlock(STATX_BYTES);
  // The kernel has the inode in memory since it opened the file: nothing waits.
  if (statx(fd, emptyPath.address, AT_EMPTY_PATH, STATX_DIOALIGN, result.address) < 0) return COMMON_ALIGNMENT_BYTES;
  if ((result.u32[MASK_WORD] & STATX_DIOALIGN) === 0) return COMMON_ALIGNMENT_BYTES;
  return Math.max(result.u32[MEMORY_ALIGN_WORD], result.u32[OFFSET_ALIGN_WORD]) || COMMON_ALIGNMENT_BYTES;
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
