/** From a path to a descriptor of a regular file or a directory, and to nothing else. */
import type { Done } from '../../sys/blocking-call.js';
import { O_CLOEXEC, O_NONBLOCK } from '../../sys/constants.js';
import { EINTR, EINVAL, ENOTDIR, ENXIO, EXDEV } from '../../sys/errno.js';
import { AT_FDCWD, O_CREAT, O_DIRECT, O_DIRECTORY, O_NOCTTY, O_PATH } from '../../sys/file-constants.js';
import { fstat, type FileStat } from '../../sys/file-stat.js';
import { IoError } from '../../sys/io-error.js';
import { pathBlock } from '../../sys/open-file.js';
import { UNKNOWN_DEVICE, type DiskPool } from './pool.js';
import { checkRegular } from './regular-file.js';
import { nativeOpenCalls, openBeneath, type OpenCalls, type Opening } from './resolve-beneath.js';

/** A directory that the path may not lead out of. */
export interface Beneath {
  readonly fd: number;
  readonly path: string;
}

export interface OpenedFile {
  readonly fd: number;
  readonly stat: FileStat;
}

/**
 * Opens a regular file, or makes one.
 *
 * @throws IoError what the system refused; EXDEV: the path leads out of `beneath`; EISDIR, EINVAL: it is no file.
 */
export async function openRegular(
  pool: DiskPool,
  opening: Opening,
  beneath: Beneath | undefined,
  calls: OpenCalls = nativeOpenCalls,
): Promise<OpenedFile> {
  // A FIFO is opened without waiting for its other end, and a terminal without becoming this process's own.
  const flags = opening.flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const opened = await openAny(pool, { ...opening, flags }, beneath, calls);
  try {
    checkRegular(opened.stat, 'open', opening.path, 'opened');
  } catch (error) {
    await close(pool, opened.fd, calls);
    throw error;
  }
  return opened;
}

/** Opens a directory, to open files beneath it. @throws IoError as `openRegular`; ENOTDIR: it is none. */
export async function openFolder(
  pool: DiskPool,
  path: string,
  beneath: Beneath | undefined,
  calls: OpenCalls = nativeOpenCalls,
): Promise<number> {
  const opened = await openAny(pool, { path, flags: O_PATH | O_DIRECTORY | O_CLOEXEC, mode: 0 }, beneath, calls);
  return opened.fd;
}

async function openAny(
  pool: DiskPool,
  opening: Opening,
  beneath: Beneath | undefined,
  calls: OpenCalls,
): Promise<OpenedFile> {
  const { path, flags, mode } = opening;
  const fd =
    beneath === undefined
      ? await pool.call(UNKNOWN_DEVICE, done => calls.openat(AT_FDCWD, pathBlock(path), flags, mode, done))
      : await openBeneath(pool, beneath.fd, opening, calls);
  if (fd < 0) throw refusal(-fd, opening, beneath);
  const stat = await statOf(pool, UNKNOWN_DEVICE, fd);
  if (typeof stat !== 'number') return { fd, stat };
  await close(pool, fd, calls);
  throw new IoError(-stat, 'fstat', path);
}

/** fstat(2) by the pool: what the file is, or an errno with its sign turned. */
export async function statOf(pool: DiskPool, device: number, fd: number): Promise<FileStat | number> {
  let answer: FileStat | number = 0;
  const ask = (done: Done): void =>
    fstat(fd, stat => {
      answer = stat;
      done(0);
    });
  await pool.call(device, ask);
  return answer;
}

async function close(pool: DiskPool, fd: number, calls: OpenCalls): Promise<void> {
  const result = await pool.call(UNKNOWN_DEVICE, done => calls.closeFile(fd, done));
  if (result < 0 && result !== -EINTR) throw new IoError(-result, 'close', `descriptor ${fd}`);
}

/** What the bare errno does not tell. */
function refusal(errno: number, { path, flags }: Opening, beneath: Beneath | undefined): IoError {
  if (errno === EXDEV && beneath !== undefined) {
    return new IoError(errno, 'open', path, `it leads out of ${beneath.path}`);
  }
  if (errno === ENXIO) return new IoError(errno, 'open', path, 'it is a FIFO, socket or device; only files are opened');
  if (errno === EINVAL && O_DIRECT !== 0 && (flags & O_DIRECT) !== 0) {
    return new IoError(errno, 'open', path, 'this file system has no direct I/O');
  }
  if (errno === ENOTDIR && (flags & (O_DIRECTORY | O_CREAT)) === O_DIRECTORY) {
    return new IoError(errno, 'open', path, 'it is no directory');
  }
  return new IoError(errno, 'open', path);
}
