/** inotify(7): changes of files as records read from a descriptor, Linux. */
import { O_CLOEXEC, O_NONBLOCK } from '../ffi/constants.js';
import { EEXIST, EINVAL, EMFILE, ENOSPC } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { read } from '../file/io.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { holder, owners } from '../file/owned-descriptors.js';

export const IN_ACCESS = 0x1;
export const IN_MODIFY = 0x2;
export const IN_ATTRIB = 0x4;
export const IN_CLOSE_WRITE = 0x8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_OPEN = 0x20;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
/** Reported only: the file system was unmounted; the queue was full and records are missing; the watch has ended. */
export const IN_UNMOUNT = 0x2000;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
/** Asked only: refuse, with EEXIST, what the queue watches already, in place of changing its mask. Linux 4.18. */
const IN_MASK_CREATE = 0x10000000;
/** Reported only: the record is about an entry that is a directory. */
export const IN_ISDIR = 0x40000000;

/** struct inotify_event before its name: watch, mask, cookie and the name's length, 32 bits each. */
const HEADER_BYTES = 16;
/** A record has at most a name of 256 bytes. */
const records = new NativeBlock(4096);

const init = declare<(flags: number) => number>('inotify_init1', 'int', ['int']);
const add = declare<(fd: number, path: string, mask: number) => number>('inotify_add_watch', 'int', [
  'int',
  'str',
  'uint32_t',
]);

/**
 * A queue of records, non-blocking and close-on-exec.
 *
 * @param title of what it is for.
 * @throws IoError EMFILE (fs.inotify.max_user_instances), ENFILE.
 */
export function openInotify(title?: string): number {
  const fd = init(O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) owners[fd] = holder;
  if (fd >= 0) return fd;
  const failure = errno();
  const full = 'no descriptor left (ulimit -n), or no queue (fs.inotify.max_user_instances)';
  throw new IoError(failure, 'inotify_init1', title, failure === EMFILE ? full : undefined);
}

const remove = declare<(fd: number, watch: number) => number>('inotify_rm_watch', 'int', ['int', 'int']);

/**
 * @param title what the path leads to, as its watcher calls it.
 * @returns the number of the watch, or -1: the queue has one of this file already.
 * @throws IoError ENOENT, EACCES, ENOSPC (fs.inotify.max_user_watches).
 */
export function addInotifyWatch(fd: number, path: string, mask: number, title = path): number {
  const watch = add(fd, path, (mask | IN_MASK_CREATE) >>> 0);
  if (watch >= 0) return watch;
  const failure = errno();
  if (failure === EEXIST) return -1;
  const full = 'this user watches as many files as the system allows (fs.inotify.max_user_watches)';
  throw new IoError(failure, 'inotify_add_watch', title, failure === ENOSPC ? full : undefined);
}

/** Ends a watch; nothing if it went with its file. */
export function removeInotifyWatch(fd: number, watch: number): void {
  if (remove(fd, watch) < 0 && errno() !== EINVAL) throw new IoError(errno(), 'inotify_rm_watch', `watch ${watch}`);
}

/**
 * Takes every record off the queue.
 *
 * @param onRecord gets the watch and the mask of each, and whether the record names an entry of the watched directory.
 *   IN_Q_OVERFLOW has no watch, but -1.
 * @returns whether there was any.
 */
export function drainInotify(fd: number, onRecord: (watch: number, mask: number, named: boolean) => void): boolean {
  for (let any = false; ; any = true) {
    const lengthBytes = read(fd, records.address, records.lengthBytes);
    if (lengthBytes <= 0) return any;
    for (let offset = 0; offset < lengthBytes;) {
      const word = offset / 4;
      const nameBytes = records.u32[word + 3];
      onRecord(records.i32[word], records.u32[word + 1], nameBytes > 0);
      offset += HEADER_BYTES + nameBytes;
    }
  }
}
