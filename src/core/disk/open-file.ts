/** From a path to a descriptor of a regular file or a directory, and to nothing else. */
import type { Done } from '../../sys/ffi/blocking-call.js';
import { O_CLOEXEC, O_NONBLOCK } from '../../sys/ffi/constants.js';
import { EAGAIN, EINVAL, ENOENT, ENOTDIR, ENXIO, EOPNOTSUPP, EXDEV } from '../../sys/ffi/errno.js';
import {
  AT_FDCWD,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_NOCTTY,
  O_PATH,
  O_TRUNC,
  RESOLVE_NO_XDEV,
} from '../../sys/file/file-constants.js';
import { fstat, fstatNow, type FileStat } from '../../sys/file/file-stat.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { pathBlock } from '../../sys/file/open-file.js';
import { leadOf, placeOf, rootPlace, type Place } from './place.js';
import type { DeviceCalls, DiskPool } from './pool.js';
import { checkRegular } from './regular-file.js';
import { BENEATH, nativeOpenCalls, openBeneath, type OpenCalls, type Opening } from './resolve-beneath.js';

/** A directory that the path may not lead out of. */
export interface Beneath {
  readonly fd: number;
  readonly path: string;
  readonly place: Place;
}

/** A descriptor, and where it lies. */
export interface Opened {
  readonly fd: number;
  readonly place: Place;
}

export interface OpenedFile extends Opened {
  readonly stat: FileStat;
}

/**
 * Opens a regular file, or makes one: in this thread what the kernel has in its caches, otherwise on the pool.
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
  const { fd, place } = await openAny(pool, { ...opening, flags }, beneath, calls);
  try {
    const stat = await statOf(pool, { fd, place }, opening.signal);
    if (typeof stat === 'number') throw new IoError(-stat, 'fstat', opening.path);
    checkRegular(stat, 'open', opening.path, 'opened');
    return { fd, place, stat };
  } catch (error) {
    await pool.release(place.device, done => calls.closeFile(fd, done));
    throw error;
  }
}

/** Opens a directory, to open files beneath it. @throws IoError as `openRegular`; ENOTDIR: it is none. */
export async function openFolder(
  pool: DiskPool,
  path: string,
  beneath: Beneath | undefined,
  { calls = nativeOpenCalls, signal }: { readonly calls?: OpenCalls; readonly signal?: AbortSignal } = {},
): Promise<Opened> {
  return openAny(pool, { path, flags: O_PATH | O_DIRECTORY | O_CLOEXEC, mode: 0, signal }, beneath, calls);
}

async function openAny(
  pool: DiskPool,
  opening: Opening,
  beneath: Beneath | undefined,
  calls: OpenCalls,
): Promise<Opened> {
  const { result, place: known } = openNow(opening, beneath, calls);
  if (result >= 0) return { fd: result, place: known };
  let fd = result;
  if (fd === -EAGAIN) fd = await openOnPool(pool.on(known.device, opening.signal), opening, beneath, calls);
  if (fd < 0) throw refusal(-fd, opening, beneath);
  return { fd, place: placeOf(fd) };
}

interface Attempt {
  /** A descriptor, or an errno with its sign turned: EAGAIN where a thread of the pool has to do it. */
  readonly result: number;
  /** Where it lies; without a descriptor, where the way to it stops. */
  readonly place: Place;
}

/**
 * Opens what the kernel has in its caches, on file systems whose own open waits for nothing. A refusal counts only if
 * it says that nothing is there: the pool tells all others, which may be refusals of this way to ask.
 */
function openNow({ path, flags }: Opening, beneath: Beneath | undefined, calls: OpenCalls): Attempt {
  const directory = beneath?.fd ?? AT_FDCWD;
  const resolve = beneath === undefined ? 0 : BENEATH;
  const mayBeCached = (flags & (O_CREAT | O_TRUNC)) === 0;
  const isPlaceAlone = O_PATH !== 0 && (flags & O_PATH) !== 0;
  const start = beneath !== undefined ? beneath.place : path.startsWith('/') ? rootPlace() : undefined;
  if (mayBeCached && start?.isLocal === true) {
    // Inside the mount in which the path begins it stays on a file system that is known.
    const result = calls.openCached(directory, path, flags, resolve | RESOLVE_NO_XDEV);
    if (result >= 0 || result === -ENOENT) return { result, place: start };
  }
  const { place, isWhole } = leadOf(directory, path);
  if (mayBeCached && isWhole && (place.isLocal || isPlaceAlone)) {
    const result = calls.openCached(directory, path, flags, resolve);
    if (result >= 0 || result === -ENOENT) return { result, place };
  }
  return { result: -EAGAIN, place };
}

function openOnPool(
  pool: DeviceCalls,
  opening: Opening,
  beneath: Beneath | undefined,
  calls: OpenCalls,
): Promise<number> {
  if (beneath !== undefined) return openBeneath(pool, beneath.fd, opening, calls);
  const { path, flags, mode } = opening;
  return pool.call(done => calls.openat(AT_FDCWD, pathBlock(path), flags, mode, done));
}

/**
 * fstat(2), on the pool where it may wait: what the file is, or an errno with its sign turned.
 *
 * @param signal takes the call back if it has not begun.
 */
export async function statOf(pool: DiskPool, { fd, place }: Opened, signal?: AbortSignal): Promise<FileStat | number> {
  if (place.isLocal) return fstatNow(fd);
  let answer: FileStat | number = 0;
  const ask = (done: Done): void =>
    fstat(fd, stat => {
      answer = stat;
      done(0);
    });
  await pool.call(place.device, ask, signal);
  return answer;
}

function refusal(errno: number, { path, flags }: Opening, beneath: Beneath | undefined): IoError {
  if (errno === EXDEV && beneath !== undefined) {
    return new IoError(errno, 'open', path, `it leads out of ${beneath.path}`);
  }
  // FreeBSD says EOPNOTSUPP of the file of a socket.
  if (errno === ENXIO || errno === EOPNOTSUPP) {
    return new IoError(ENXIO, 'open', path, 'it is a FIFO, socket or device; only files are opened');
  }
  if (errno === EINVAL && O_DIRECT !== 0 && (flags & O_DIRECT) !== 0) {
    return new IoError(errno, 'open', path, 'this file system has no direct I/O');
  }
  if (errno === ENOTDIR && (flags & (O_DIRECTORY | O_CREAT)) === O_DIRECTORY) {
    return new IoError(errno, 'open', path, 'it is no directory');
  }
  return new IoError(errno, 'open', path);
}
