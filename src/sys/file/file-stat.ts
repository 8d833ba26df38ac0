/**
 * What a file is. Asked by way of Node, which knows the layouts of struct stat; by statx(2) where it is asked at once.
 */
import { constants, fstat as nodeFstat, fstatSync, type Stats } from 'node:fs';
import { errnoNumber } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { deviceNumber, STATX, STATX_BASIC_STATS, STATX_NLINK, statxNow } from './statx.js';

/** What kind of file a descriptor names. */
export type FileKind = 'file' | 'directory' | 'fifo' | 'socket' | 'character device' | 'block device' | 'symbolic link';

/** What fstat(2) says of a file. */
export interface FileStat {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  /** What it takes on the disk: less than its size if it has holes. */
  readonly allocatedBytes: number;
  /** What the file system likes to read and write in. */
  readonly blockBytes: number;
  /** Permissions: the lower twelve bits of st_mode. */
  readonly mode: number;
  readonly device: number;
  /**
   * Exact: a bigint above 2^53 (some overlays, NFS, NTFS), where a number would be another file's. `===` tells two
   * apart.
   */
  readonly inode: number | bigint;
  readonly links: number;
  readonly userId: number;
  readonly groupId: number;
  /** Milliseconds since 1970, with fractions. */
  readonly accessedMs: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
}

/** fstat(2) on a pool thread. @param done told in a later turn: what it is, or an errno with its sign turned. */
export function fstat(fd: number, done: (stat: FileStat | number) => void): void {
  nodeFstat(fd, (failure, stats) => {
    if (failure !== null) done(errnoOf(failure));
    else if (isExact(stats.ino)) done(describe(stats));
    else
      nodeFstat(fd, { bigint: true }, (again, exact) =>
        done(again === null ? describe(stats, exact.ino) : errnoOf(again)),
      );
  });
}

/**
 * fstat(2) in this thread, as far as the kernel remembers: right for file systems that answer from memory, and for
 * the kind of all. Where statx(2) can't be had it may wait for a server. @returns what it is, or an errno with its
 * sign turned.
 */
export function fstatNow(fd: number): FileStat | number {
  const words = statxNow(fd, STATX_BASIC_STATS);
  if (words !== undefined) return describeWords(words);
  try {
    const stats = fstatSync(fd);
    return isExact(stats.ino) ? describe(stats) : describe(stats, fstatSync(fd, { bigint: true }).ino);
  } catch (error) {
    return errnoOf(error as NodeJS.ErrnoException);
  }
}

/** How many names an open file has, in this thread; 0 where that can't be told. */
export function linksNow(fd: number): number {
  return statxNow(fd, STATX_NLINK)?.[STATX.links] ?? 0;
}

function isExact(inode: number): boolean {
  return inode <= Number.MAX_SAFE_INTEGER;
}

function errnoOf({ code = 'EIO' }: NodeJS.ErrnoException): number {
  return -errnoNumber(code);
}

/** What kind of thing a descriptor is, at once. @throws IoError EBADF. */
export function descriptorKind(fd: number): FileKind {
  const stat = fstatNow(fd);
  if (typeof stat === 'number') throw new IoError(-stat, 'fstat', `descriptor ${fd}`);
  return stat.kind;
}

const KINDS = new Map<number, FileKind>([
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFSOCK, 'socket'],
  [constants.S_IFCHR, 'character device'],
  [constants.S_IFBLK, 'block device'],
]);

function describeWords(words: Uint32Array): FileStat {
  const long = (index: number): number => words[index] + words[index + 1] * 2 ** 32;
  // Seconds before 1970 are below 0.
  const milliseconds = (index: number): number =>
    (words[index] + (words[index + 1] | 0) * 2 ** 32) * 1000 + words[index + 2] / 1e6;
  const inode = long(STATX.inode);
  return {
    kind: KINDS.get(words[STATX.mode] & constants.S_IFMT) ?? 'symbolic link',
    sizeBytes: long(STATX.size),
    allocatedBytes: long(STATX.blocks) * 512,
    blockBytes: words[STATX.blockBytes],
    mode: words[STATX.mode] & 0o7777,
    device: deviceNumber(words[STATX.deviceMajor], words[STATX.deviceMinor]),
    inode: isExact(inode) ? inode : (BigInt(words[STATX.inode + 1]) << 32n) | BigInt(words[STATX.inode]),
    links: words[STATX.links],
    userId: words[STATX.userId],
    groupId: words[STATX.groupId],
    accessedMs: milliseconds(STATX.accessed),
    modifiedMs: milliseconds(STATX.modified),
    changedMs: milliseconds(STATX.changed),
  };
}

function describe(stats: Stats, inode: number | bigint = stats.ino): FileStat {
  return {
    kind: kindOf(stats),
    sizeBytes: stats.size,
    // In units of 512 bytes whatever the block size is.
    allocatedBytes: stats.blocks * 512,
    blockBytes: stats.blksize,
    mode: stats.mode & 0o7777,
    device: stats.dev,
    inode,
    links: stats.nlink,
    userId: stats.uid,
    groupId: stats.gid,
    accessedMs: stats.atimeMs,
    modifiedMs: stats.mtimeMs,
    changedMs: stats.ctimeMs,
  };
}

function kindOf(stats: Stats): FileKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  if (stats.isCharacterDevice()) return 'character device';
  return stats.isBlockDevice() ? 'block device' : 'symbolic link';
}
