/** Numbers of fcntl.h and its like: Node's own where it exports them, since some differ between processors too. */
import { constants } from 'node:fs';
import os from 'node:os';
import { platform } from '../ffi/platform.js';

export const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_TRUNC } = constants;
export const { O_NOFOLLOW, O_DIRECTORY, O_NOCTTY } = constants;

/** A directory on the way to somewhere: search permission is enough for Linux; the others want to read it. */
export const O_PATH = platform === 'linux' ? 0x200000 : O_RDONLY;
/**
 * Around the page cache. 0 on macOS, which has a command of fcntl(2) in its place, and on OpenBSD, which has nothing.
 */
export const O_DIRECT = (constants as Partial<typeof constants>).O_DIRECT ?? 0;
/** macOS: the command of fcntl(2) that keeps a file's pages out of the cache. */
export const F_NOCACHE = 48;

/** "Relative to the working directory" where a descriptor of a directory is due. */
export const AT_FDCWD = platform === 'darwin' ? -2 : -100;

/**
 * FreeBSD 13 and later: the path may not lead out of the directory. Older kernels ignore bits that they don't know,
 * so the flag is not there for them.
 */
export const O_RESOLVE_BENEATH = platform === 'freebsd' && Number.parseInt(os.release(), 10) >= 13 ? 0x00800000 : 0;

/** openat2(2): the path may not lead out of the directory, not even in between. */
export const RESOLVE_BENEATH = 0x08;
/** openat2(2): no mount but the one of the directory that the path begins in. */
export const RESOLVE_NO_XDEV = 0x01;
/** openat2(2), Linux 5.12: only what is found without waiting. */
export const RESOLVE_CACHED = 0x20;
/** openat2(2): links that the kernel makes up (/proc/self/fd/3) are refused. */
export const RESOLVE_NO_MAGICLINKS = 0x02;

export const SEEK_DATA = platform === 'darwin' ? 4 : 3;
export const SEEK_HOLE = platform === 'darwin' ? 3 : 4;

/** preadv2(2), pwritev2(2): answer EAGAIN where the disk would have to be waited for. */
export const RWF_NOWAIT = 0x08;

/** fallocate(2) of Linux. */
export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;

/** ioctl(2) of Linux: _IOW(0x94, 13, struct file_clone_range). */
export const FICLONERANGE = 0x4020940d;

export const POSIX_FADV_NORMAL = 0;
export const POSIX_FADV_RANDOM = 1;
export const POSIX_FADV_SEQUENTIAL = 2;
export const POSIX_FADV_WILLNEED = 3;
export const POSIX_FADV_DONTNEED = 4;
export const POSIX_FADV_NOREUSE = 5;
