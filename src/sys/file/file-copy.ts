/** Copying inside the kernel, and finding where a sparse file has something to copy. */
import { queueMicrotask } from '../../base/runtime-functions.js';
import { blockingCall, type Done } from '../ffi/blocking-call.js';
import { ENOSYS } from '../ffi/errno.js';
import { FICLONERANGE } from './file-constants.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

/** struct file_clone_range: descriptor, offset, length, offset in the target; 64 bits each. */
const CLONE_RANGE_BYTES = 32;

const ioctl =
  platform === 'linux'
    ? blockingCall<[fd: number, request: number, argument: NativeBlock]>('ioctl', 'int', ['int', 'ulong', 'uintptr_t'])
    : undefined;

/**
 * Shares the blocks of a range between two files of one file system, at once and all of it: ioctl FICLONERANGE of
 * Linux, ENOSYS elsewhere.
 */
export function cloneRange(
  source: number,
  sourceOffset: number,
  target: number,
  targetOffset: number,
  lengthBytes: number,
  done: Done,
): void {
  if (ioctl === undefined) {
    queueMicrotask(() => done(-ENOSYS));
    return;
  }
  const range = new NativeBlock(CLONE_RANGE_BYTES);
  storeWord(range.u32, 0, source);
  storeWord(range.u32, 2, sourceOffset);
  storeWord(range.u32, 4, lengthBytes);
  storeWord(range.u32, 6, targetOffset);
  ioctl(target, FICLONERANGE, range, done);
}

type CopyFileRange = [
  source: number,
  sourceOffset: NativeBlock,
  target: number,
  targetOffset: NativeBlock,
  lengthBytes: number,
  flags: number,
];
const copyFileRange = blockingCall<CopyFileRange>('copy_file_range', 'int64_t', [
  'int',
  'uintptr_t',
  'int',
  'uintptr_t',
  'size_t',
  'uint',
]);

/** copy_file_range(2) of Linux and FreeBSD: bytes copied, which may be fewer, and 0 at the end; ENOSYS elsewhere. */
export function copyRange(
  source: number,
  sourceOffset: number,
  target: number,
  targetOffset: number,
  lengthBytes: number,
  done: Done,
): void {
  copyFileRange(source, word(sourceOffset), target, word(targetOffset), lengthBytes, 0, done);
}

function word(value: number): NativeBlock {
  const block = new NativeBlock(8);
  storeWord(block.u32, 0, value);
  return block;
}

/**
 * lseek(2) with SEEK_DATA or SEEK_HOLE: where the next content, or the next hole, begins at or after `offset`. ENXIO
 * beyond the end, EINVAL where the file system does not know. It moves the descriptor's own position, which nothing
 * here uses.
 */
export const seek = blockingCall<[fd: number, offset: number, whence: number]>('lseek', 'int64_t', [
  'int',
  'int64_t',
  'int',
]);
