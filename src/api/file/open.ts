/** Opening files. */
import { isUrl } from '../../base/kinds.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { OpenDescriptor } from '../../core/disk/open-descriptor.js';
import { openFolder, openRegular, type Beneath } from '../../core/disk/open-file.js';
import { diskPool } from '../../core/disk/pool.js';
import { bypassCache, directAlignment } from '../../sys/file/direct-io.js';
import {
  O_APPEND,
  O_CREAT,
  O_DIRECT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
} from '../../sys/file/file-constants.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { close } from '../../sys/file/io.js';
import { kindOf, pathOf } from '../../base/arguments.js';
import { abortSignal, anything, boolean, integer, oneOf, valuesOf, type OptionTable } from '../../base/options.js';
import { Directory } from './directory.js';
import { DiskFile, type FileDetails } from './disk-file.js';

const FLAGS = {
  r: O_RDONLY,
  'r+': O_RDWR,
  rw: O_RDWR | O_CREAT,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  'wx+': O_RDWR | O_CREAT | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  'a+': O_RDWR | O_CREAT | O_APPEND,
};

/**
 * 'r' reads, 'r+' reads and writes what exists, 'rw' makes the file if it is missing and leaves its content alone, 'w'
 * and 'w+' make or empty it, 'wx' and 'wx+' make it and refuse one that exists, 'a' and 'a+' make it if it is missing,
 * for `file.append`; those with + read and write.
 */
export type OpenFlags = keyof typeof FLAGS;

/** Options of `open`. */
export interface OpenOptions {
  /** Default 'r'. */
  readonly flags?: OpenFlags;
  /** Permissions of a file that is made, less the umask. Default 0o666. */
  readonly mode?: number;
  /**
   * A directory that the path is relative to and may not lead out of, whatever its parts and symbolic links say; a path
   * for one time, or a Directory. Linux ≥ 5.6 and FreeBSD ≥ 13 see to it themselves, elsewhere each part is opened in
   * turn.
   */
  readonly beneath?: string | URL | Directory;
  /** Around the page cache (O_DIRECT), on the boundaries of `DiskFile.alignmentBytes`. */
  readonly direct?: boolean;
  /**
   * Gives up: the promise is rejected with the signal's reason at once. A file that is opened, made or emptied all the
   * same, since the call had begun, is closed.
   */
  readonly signal?: AbortSignal;
}

const OPEN_OPTIONS = {
  flags: oneOf(Object.keys(FLAGS) as OpenFlags[], 'r'),
  mode: integer(0, 0o7777, 0o666),
  beneath: anything<NonNullable<OpenOptions['beneath']>>(),
  direct: boolean(false),
  signal: abortSignal(),
} satisfies OptionTable<OpenOptions>;

/**
 * Opens a regular file. What the kernel has in its caches is opened at once; a thread of the pool waits for all else,
 * each file system in a queue of its own, so that one that hangs holds up no other.
 *
 * @param given a path, relative to `beneath` or to the working directory, or a file URL.
 * @throws TypeError, RangeError: an argument that makes no sense.
 * @throws IoError EXDEV: the path leads out of `beneath`; EISDIR, EINVAL, ENXIO: it is a directory, FIFO, socket or
 *   device; ENOENT, EACCES, EEXIST and what else openat(2) says.
 */
export async function open(given: string | URL, options: OpenOptions = {}): Promise<DiskFile> {
  const path = pathOf('path', given);
  const { flags, mode, beneath, direct, signal } = valuesOf(OPEN_OPTIONS, options);
  const folder = folderOf(path, beneath);
  signal?.throwIfAborted();
  const opening = { path, flags: FLAGS[flags] | (direct ? O_DIRECT : 0), mode, signal };
  const opened = openFile(opening, folder, direct);
  return unlessAborted(opened, signal, () => {
    opened.then(file => file.close()).catch(() => {});
    return true;
  });
}

/** Makes a file anew of what `file.detach()` gave. @param fd the file owns it after the call. */
export function restoreFile(fd: number, { device, path, alignmentBytes, statAtOpen }: FileDetails): DiskFile {
  return new DiskFile(new OpenDescriptor(fd, device, path, { alignmentBytes }), statAtOpen);
}

function folderOf(path: string, beneath: OpenOptions['beneath']): string | Directory | undefined {
  if (beneath === undefined) return undefined;
  if (typeof beneath === 'string' || isUrl(beneath)) return pathOf('beneath', beneath);
  if (!(beneath instanceof Directory)) {
    throw new TypeError(`beneath: ${kindOf(beneath)}; allowed: a path or a Directory`);
  }
  if (beneath.isClosed) throw new IoError('EBADF', 'open', path, `the directory ${beneath.path} is closed`);
  return beneath;
}

type Opening = Parameters<typeof openRegular>[1];

async function openFile(opening: Opening, beneath: string | Directory | undefined, direct: boolean): Promise<DiskFile> {
  const { fd, place, stat } = await openRelative(opening, beneath);
  let alignmentBytes = 0;
  if (direct) {
    try {
      bypassCache(fd);
    } catch (error) {
      close(fd);
      throw error;
    }
    alignmentBytes = directAlignment(fd, place.isLocal);
  }
  const descriptor = new OpenDescriptor(fd, stat.device, opening.path, {
    alignmentBytes,
    place,
    flags: opening.flags,
    stat,
  });
  return new DiskFile(descriptor, stat);
}

async function openRelative(opening: Opening, beneath: string | Directory | undefined) {
  if (beneath === undefined) return openRegular(diskPool, opening, undefined);
  if (beneath instanceof Directory) return beneath.during(folder => openRegular(diskPool, opening, folder));
  const folder: Beneath = { path: beneath, ...(await openFolder(diskPool, beneath, undefined, opening)) };
  try {
    return await openRegular(diskPool, opening, folder);
  } finally {
    close(folder.fd);
  }
}
