/** What a file is. Asked by way of Node, which knows the layouts of struct stat. */
import { fstat as nodeFstat, fstatSync, type Stats } from 'node:fs';
import { errnoNumber } from './errno.js';
import { IoError } from './io-error.js';

export type FileKind = 'file' | 'directory' | 'fifo' | 'socket' | 'character device' | 'block device' | 'symbolic link';

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
  readonly inode: number;
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
  nodeFstat(fd, (failure, stats) => done(failure === null ? describe(stats) : -errnoNumber(failure.code ?? 'EIO')));
}

/** What kind of thing a descriptor is, at once: for what does not wait for a disk. @throws IoError EBADF. */
export function descriptorKind(fd: number): FileKind {
  try {
    return kindOf(fstatSync(fd));
  } catch (error) {
    throw new IoError((error as NodeJS.ErrnoException).code ?? 'EIO', 'fstat', `descriptor ${fd}`);
  }
}

function describe(stats: Stats): FileStat {
  return {
    kind: kindOf(stats),
    sizeBytes: stats.size,
    // In units of 512 bytes whatever the block size is.
    allocatedBytes: stats.blocks * 512,
    blockBytes: stats.blksize,
    mode: stats.mode & 0o7777,
    device: stats.dev,
    inode: stats.ino,
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
