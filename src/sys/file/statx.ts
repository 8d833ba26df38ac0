/**
 * statx(2) of a descriptor, in this thread. It waits for nothing: no server and no process is asked
 * (AT_STATX_DONT_SYNC). What a file system of this machine says that way is all that there is; of another it is what
 * the kernel remembers. Linux.
 */
import { declare, hasFunction } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

/** The descriptor itself. */
const AT_EMPTY_PATH = 0x1000;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_BYTES = 256;

export const STATX_NLINK = 0x4;
export const STATX_BASIC_STATS = 0x7ff;
/** Linux 6.1. */
export const STATX_DIOALIGN = 0x2000;

/** Where struct statx has what, in words of 32 bits. */
export const STATX = {
  mask: 0,
  blockBytes: 1,
  links: 4,
  userId: 5,
  groupId: 6,
  mode: 7,
  inode: 8,
  size: 10,
  blocks: 12,
  accessed: 16,
  changed: 24,
  modified: 28,
  deviceMajor: 34,
  deviceMinor: 35,
  memoryAlign: 38,
  offsetAlign: 39,
} as const;

type Statx = (fd: number, path: number, flags: number, mask: number, result: number) => number;
const statx =
  platform === 'linux' && hasFunction('statx')
    ? declare<Statx>('statx', 'int', ['int', 'uintptr_t', 'int', 'uint', 'uintptr_t'])
    : undefined;
const emptyPath = new NativeBlock(8);
const answer = new NativeBlock(STATX_BYTES);

/** @returns the structure, which holds until the next call; undefined where this is not the way to ask. */
export function statxNow(fd: number, mask: number): Uint32Array | undefined {
  if (statx === undefined) return undefined;
  return statx(fd, emptyPath.address, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, answer.address) < 0
    ? undefined
    : answer.u32;
}

/** As the C library puts the two together in st_dev. */
export function deviceNumber(major: number, minor: number): number {
  return (major & 0xfff) * 2 ** 8 + (minor & 0xff) + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
}
